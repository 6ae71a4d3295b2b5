"""The values of the language and what may be done with them.

A double is a float, a doubleVec a tuple of floats, a string a str, a timestamp an aware datetime; a timeinterval and a
deallocation option have classes of their own. A double stands for a vector of one wherever a vector is wanted.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, order=True)
class Interval:
    """A length of time. Kept in seconds, since a timedelta cannot hold the 100 ns of the language."""

    seconds: float


@dataclass(frozen=True)
class Option:
    """A value for $NodeDeallocationOption."""

    name: str


Vector = tuple[float, ...]
Value = float | Vector | str | datetime | Interval | Option

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": lambda left, right: _divide(left, right),
}
_ORDER: dict[str, Callable[..., bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
    "!=": operator.ne,
}


def type_name(value: Value) -> str:
    """Give the language's name for the type of a value."""
    names = {float: "double", tuple: "doubleVec", str: "string", datetime: "timestamp", Interval: "timeinterval"}
    return names.get(type(value), "deallocation option")


def apply(symbol: str, left: Value, right: Value) -> Value:
    """Give `left symbol right`. Raises TypeError for types the operator does not take and OverflowError for dates
    beyond the calendar.
    """
    if symbol in _ORDER:
        return _compare(symbol, left, right)
    if isinstance(left, (float, tuple)) and isinstance(right, (float, tuple)):
        return _numbers(_ARITHMETIC[symbol], left, right)
    result = _times(symbol, left, right)
    if result is None:
        raise TypeError(f"'{symbol}' does not take {type_name(left)} and {type_name(right)}")
    return result


def negative(value: Value) -> Value:
    """Give `-value` of a double, a doubleVec or a timeinterval. Raises TypeError for the rest."""
    if isinstance(value, float):
        return -value
    if isinstance(value, tuple):
        return tuple(-each for each in value)
    if isinstance(value, Interval):
        return Interval(-value.seconds)
    raise TypeError(f"'-' does not take {type_name(value)}")


def is_true(value: Value) -> bool:
    """Give whether a double is not zero. Raises TypeError for anything else."""
    if not isinstance(value, float):
        raise TypeError(f"a condition must be a double, not {type_name(value)}")
    return value != 0.0


def show(value: Value) -> str:
    """Give a value as the service prints it in the results of a run."""
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, tuple):
        return f"[{','.join(_number(each) for each in value)}]"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
    if isinstance(value, Interval):
        return _clock(value.seconds)
    return value.name if isinstance(value, Option) else value


def shift(moment: datetime, interval: Interval) -> datetime:
    """Give the moment that lies an interval later. Raises OverflowError beyond the calendar."""
    return moment + timedelta(seconds=interval.seconds)


def _compare(symbol: str, left: Value, right: Value) -> float:
    if type(left) is not type(right) or not isinstance(left, (float, str, datetime, Interval)):
        raise TypeError(f"'{symbol}' does not compare {type_name(left)} with {type_name(right)}")
    return float(_ORDER[symbol](left, right))


def _numbers(compute: Callable[[float, float], float], left: float | Vector, right: float | Vector) -> float | Vector:
    if isinstance(left, float) and isinstance(right, float):
        return compute(left, right)
    lefts, rights = _stretch(left, right), _stretch(right, left)
    if len(lefts) != len(rights):
        raise TypeError(f"vectors of {len(lefts)} and {len(rights)} elements do not go together")
    return tuple(map(compute, lefts, rights))


def _stretch(value: float | Vector, other: float | Vector) -> Vector:
    if isinstance(value, tuple):
        return value
    return (value,) * (len(other) if isinstance(other, tuple) else 1)


def _times(symbol: str, left: Value, right: Value) -> Value | None:
    if isinstance(left, float) and isinstance(right, Interval):
        return Interval(left * right.seconds) if symbol == "*" else None
    if isinstance(left, Interval) and isinstance(right, float):
        return Interval(_ARITHMETIC[symbol](left.seconds, right)) if symbol in "*/" else None
    if isinstance(left, Interval) and isinstance(right, Interval):
        return Interval(_ARITHMETIC[symbol](left.seconds, right.seconds)) if symbol in "+-" else None
    return _dates(symbol, left, right)


def _dates(symbol: str, left: Value, right: Value) -> Value | None:
    if symbol == "+" and isinstance(left, Interval) and isinstance(right, datetime):
        return shift(right, left)
    if symbol == "+" and isinstance(left, datetime) and isinstance(right, Interval):
        return shift(left, right)
    if symbol == "-" and isinstance(left, datetime) and isinstance(right, datetime):
        return Interval((left - right).total_seconds())
    return None


def _divide(left: float, right: float) -> float:
    if right != 0.0:
        return left / right
    return math.nan if left == 0.0 or math.isnan(left) else math.copysign(math.inf, left) * math.copysign(1, right)


def _number(value: float) -> str:
    return str(int(value)) if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else repr(value)


def _clock(seconds: float) -> str:
    sign, whole = "-" if seconds < 0 else "", timedelta(seconds=abs(seconds))
    hours, rest = divmod(whole.seconds, 3600)
    days = f"{whole.days}." if whole.days else ""
    fraction = f".{whole.microseconds:06d}0" if whole.microseconds else ""
    return f"{sign}{days}{hours:02d}:{rest // 60:02d}:{rest % 60:02d}{fraction}"
