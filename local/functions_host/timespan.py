"""Time spans as host.json and timer schedules write them: `[d.]hh:mm:ss[.fffffff]`."""

import re

from local.functions_host.errors import Refused

_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d{1,7})?)?")


def is_timespan(text: str) -> bool:
    """Whether the text has the shape of a time span; its fields may still be out of range."""
    return _SPAN.fullmatch(text.strip()) is not None


def seconds(text: str, where: str) -> float:
    """The span in seconds; Refused, naming `where`, when it is none."""
    match = _SPAN.fullmatch(text.strip())
    if match is None:
        raise Refused(f"{where}: {text!r} is no time span; write hh:mm:ss, for example 00:05:00")
    days, hours, minutes, secs = (int(part or 0) for part in match.groups()[:4])
    if hours > 23 or minutes > 59 or secs > 59:
        # .NET reads 24:00:00 as 24 days: an accident worth stopping at.
        raise Refused(f"{where}: {text!r} has a field out of range; a day is 1.00:00:00")
    return days * 86400 + hours * 3600 + minutes * 60 + secs + float(match.group(5) or 0)
