"""The first bytes of a text: which encoding they announce. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from controller.split.parts import Read
from shared.errors import Refused

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
FOREIGN = (
    (b"\xff\xfe\x00\x00", "UTF-32 (little endian)"),
    (b"\x00\x00\xfe\xff", "UTF-32 (big endian)"),
    (b"\xff\xfe", "UTF-16 (little endian)"),
    (b"\xfe\xff", "UTF-16 (big endian)"),
)
FIRST_WINDOW, LARGEST_WINDOW = 4096, 4 * 2**20


def text_start(read: Read) -> int:
    """Where the text begins: behind the byte order mark of UTF-8. Refused with SPLIT, by name, for other encodings."""
    first = read(0, 4)
    for mark, encoding in FOREIGN:
        if first.startswith(mark):
            raise wrong(f"it is {encoding} text, and only UTF-8 (or ASCII) can be cut. Convert it first.")
    return len(BYTE_ORDER_MARK) if first.startswith(BYTE_ORDER_MARK) else 0


def check_begins(read: Read, start: int, sign: bytes, form: str) -> None:
    """Refused with SPLIT unless the text is empty or begins with `sign`."""
    first = read(start, 1)
    if first not in (b"", sign):
        raise wrong(f"it is no {form}: it does not begin with {sign.decode()} but with {first!r}.")


def wrong(what: str) -> Refused:
    """The error of an input that cannot be cut as asked."""
    return Refused("SPLIT", 0, f"the input cannot be split: {what}")


def windows(read: Read, at: int, first: int = FIRST_WINDOW) -> Iterator[bytes]:
    """All bytes from `at` on, in windows that grow; how many are taken is how much is read."""
    length = first
    while data := read(at, length):
        yield data
        if len(data) < length:
            return
        at, length = at + length, min(LARGEST_WINDOW, 4 * length)
