"""When a timer is due: an NCRONTAB expression or a fixed span. All times are UTC, as in Azure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Protocol

from croniter import croniter

from local.functions_host.errors import Refused
from local.functions_host.timespan import is_timespan, seconds

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FULL_NAME = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)"
    r"(?:uary|ruary|ch|il|e|y|ust|tember|ober|ember|day|sday|nesday|rsday|urday)?\b"
)
# Field, smallest and largest number, names: seconds first, as NCRONTAB has them.
_FIELDS: tuple[tuple[str, int, int, list[str]], ...] = (
    ("second", 0, 59, []),
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day of month", 1, 31, []),
    ("month", 1, 12, _MONTHS),
    ("day of week", 0, 6, _DAYS),
)


class Schedule(Protocol):
    """Gives the occurrences of a timer."""

    @property
    def adjusts_for_dst(self) -> bool:
        """As the payload says it; without a meaning in UTC."""
        ...

    def next(self, after: datetime) -> datetime:
        """The first occurrence later than `after`."""
        ...


@dataclass(frozen=True)
class Every:
    """A fixed span between two runs."""

    span: timedelta
    adjusts_for_dst: bool = False

    def next(self, after: datetime) -> datetime:
        """One span later."""
        return after + self.span


@dataclass(frozen=True)
class Cron:
    """Six fields, seconds first. Day of month and day of week must both fit, as NCRONTAB reads them."""

    expression: str
    adjusts_for_dst: bool = True

    def next(self, after: datetime) -> datetime:
        """The first full second later than `after` that fits."""
        found: datetime = croniter(self.expression, after, second_at_beginning=True, day_or=False).get_next(datetime)
        return found


def read_schedule(text: str, where: str) -> Schedule:
    """A schedule from a timer's `schedule`; Refused, naming `where` and the text, when it is none."""
    if is_timespan(text):
        return Every(timedelta(seconds=seconds(text, f"{where}: schedule")))
    fields = text.lower().split()
    if len(fields) == 5:
        fields = ["0", *fields]
    if len(fields) != len(_FIELDS):
        raise Refused(f"{where}: schedule {text!r} needs 6 fields (seconds first), 5 fields, or hh:mm:ss")
    fields = [_FULL_NAME.sub(r"\1", field) for field in fields]
    for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            if not _fits(part, low, high, names):
                raise Refused(f"{where}: schedule {text!r}: {part!r} is no {name}")
    try:
        return _checked(Cron(" ".join(fields)))
    except (ValueError, KeyError) as error:
        raise Refused(f"{where}: schedule {text!r}: {error}") from error


def is_more_than_once_a_minute(schedule: Schedule, now: datetime) -> bool:
    """Whether two of the next ten occurrences are less than a minute apart: the host then keeps no status."""
    times = [now]
    for _ in range(10):
        times.append(schedule.next(times[-1]))
    return any(later - earlier < timedelta(minutes=1) for earlier, later in pairwise(times[1:]))


def _checked(cron: Cron) -> Cron:
    """The expression, when it ever fires: 30 February does not."""
    cron.next(datetime(2024, 1, 1, tzinfo=UTC))
    return cron


def _fits(part: str, low: int, high: int, names: list[str]) -> bool:
    body, slash, step = part.partition("/")
    if slash and not (step.isdigit() and int(step) > 0):
        return False
    if body == "*":
        return True
    first, dash, last = body.partition("-")
    numbers = [_number(value, low, names) for value in ([first, last] if dash else [first])]
    known = [number for number in numbers if number is not None and low <= number <= high]
    return len(known) == len(numbers) and known == sorted(known)


def _number(value: str, low: int, names: list[str]) -> int | None:
    if value in names:
        return names.index(value) + low
    return int(value) if value.isdigit() else None
