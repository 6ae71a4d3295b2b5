"""Times and durations as they travel: RFC 3339 with seven fraction digits, RFC 1123 in headers, ISO 8601 spans."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

UNLIMITED = "P10675199DT2H48M5.4775807S"
LONGEST = timedelta(days=10675199, hours=2, minutes=48, seconds=5, microseconds=477581)

_SPAN = re.compile(
    r"(?P<sign>-)?P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+(?:\.\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:\.\d+)?)H)?(?:(?P<minutes>\d+(?:\.\d+)?)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?"
)


def parse_span(text: str) -> timedelta:
    """Read `PT5M`, `PT05M00S`, `P1DT12H00M01.5S`; raise ValueError for anything else, `P` and `PT` included."""
    match = _SPAN.fullmatch(text)
    parts = {k: float(v) for k, v in match.groupdict().items() if v and k != "sign"} if match else {}
    if match is None or not parts:
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT15M")
    try:
        span = timedelta(**parts)
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long") from error
    return -span if match["sign"] else span


def format_span(span: timedelta) -> str:
    """Write a duration the way the service does, without padding: `PT15M`, `P7D`, `PT0S`; the longest as unlimited."""
    if span >= LONGEST - timedelta(milliseconds=1):
        return UNLIMITED
    minutes, seconds = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f"{seconds}.{span.microseconds:06d}".rstrip("0") if span.microseconds else str(seconds)
    clock = "".join(f"{n}{u}" for n, u in ((hours, "H"), (minutes, "M"), (rest, "S")) if str(n) != "0")
    days = f"{span.days}D" if span.days else ""
    return f"P{days}T{clock}" if clock else (f"P{days}" if days else "PT0S")


def stamp(moment: datetime) -> str:
    """Write a moment for a JSON body."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def parse_stamp(text: str) -> datetime:
    """Read an RFC 3339 moment with any number of fraction digits; raise ValueError for anything else."""
    trimmed = re.sub(r"(\.\d{1,6})\d*", r"\1", text.strip())
    moment = datetime.fromisoformat(trimmed)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def header_date(moment: datetime) -> str:
    """Write a moment for a header."""
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


def parse_header_date(text: str) -> datetime:
    """Read a header's moment; raise ValueError for anything else."""
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
