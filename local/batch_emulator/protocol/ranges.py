"""ocp-range: which bytes of a file are wanted."""

import re

from local.batch_emulator.failures import BatchError

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def parse_range(text: str | None, size: int) -> tuple[int, int]:
    """Give the first byte and the number of bytes; raise InvalidRange for one that begins behind the end."""
    if not text:
        return 0, size
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise BatchError("InvalidHeaderValue", HeaderName="ocp-range", HeaderValue=text)
    first = int(match[1])
    last = min(int(match[2]), size - 1) if match[2] else size - 1
    if first > last:
        raise BatchError("InvalidRange")
    return first, last - first + 1
