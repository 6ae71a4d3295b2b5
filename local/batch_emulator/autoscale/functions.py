"""The predefined functions, as far as they need nothing but their arguments."""

import math
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from local.batch_emulator.autoscale.values import Value, Vector, type_name


def call(name: str, arguments: Sequence[Value]) -> Value:
    """Give the value of a function. Raises TypeError or ValueError that say what the function cannot take."""
    if name in _COMPONENTS:
        return _component(_COMPONENTS[name], arguments)
    if name in _INDEXED:
        return _INDEXED[name](_vector(arguments[:1]), _double(arguments[1]))
    values = _vector(arguments)
    if not values and name not in {"len", "sum", "vec"}:
        raise ValueError(f"{name} of an empty vector")
    return _REDUCTIONS[name](values)


def parse_time(text: str) -> datetime:
    """Give the moment of a W3C-DTF or RFC 1123 text; UTC where it names no zone. Raises ValueError."""
    moment = _parse_either(text.strip())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _parse_either(text: str) -> datetime:
    if len(text) in {4, 7} and text[:4].isdigit():
        text += "-01-01" if len(text) == 4 else "-01"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError) as error:
        raise ValueError(f'time cannot read "{text}": W3C-DTF and RFC 1123 are understood') from error


def _component(compute: Callable[[float], float], arguments: Sequence[Value]) -> Value:
    if len(arguments) == 1 and isinstance(arguments[0], float):
        return compute(arguments[0])
    return tuple(compute(each) for each in _vector(arguments))


def _vector(arguments: Sequence[Value]) -> Vector:
    found: list[float] = []
    for each in arguments:
        if not isinstance(each, (float, tuple)):
            raise TypeError(f"a doubleVecList holds doubles and doubleVecs, not {type_name(each)}")
        found.extend((each,) if isinstance(each, float) else each)
    return tuple(found)


def _double(value: Value) -> float:
    if not isinstance(value, float):
        raise TypeError(f"a double was expected, not {type_name(value)}")
    return value


def _logarithm(compute: Callable[[float], float]) -> Callable[[float], float]:
    def guarded(value: float) -> float:
        if value > 0:
            return compute(value)
        return -math.inf if value == 0 else math.nan

    return guarded


def _whole(compute: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: float(compute(value)) if math.isfinite(value) else value


def _round_half_away(value: float) -> int:
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def _percentile(vector: Vector, p: float) -> float:
    if not vector:
        raise ValueError("percentile of an empty vector")
    if not 0 <= p <= 100:
        raise ValueError(f"percentile {p:g} is not between 0 and 100")
    return sorted(vector)[max(0, math.ceil(p / 100 * len(vector)) - 1)]


def _element(vector: Vector, index: float) -> float:
    if not 0 <= index < len(vector):
        raise ValueError(f"val {index:g} of a vector of {len(vector)}")
    return vector[int(index)]


def _deviation(vector: Vector) -> float:
    return statistics.stdev(vector) if len(vector) > 1 else 0.0


_COMPONENTS: dict[str, Callable[[float], float]] = {
    "lg": _logarithm(math.log2),
    "ln": _logarithm(math.log),
    "log": _logarithm(math.log10),
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "round": _whole(_round_half_away),
}
_INDEXED: dict[str, Callable[[Vector, float], float]] = {"percentile": _percentile, "val": _element}
_REDUCTIONS: dict[str, Callable[[Vector], Value]] = {
    "avg": lambda vector: math.fsum(vector) / len(vector),
    "len": lambda vector: float(len(vector)),
    "max": max,
    "min": min,
    "norm": lambda vector: math.hypot(*vector),
    "range": lambda vector: max(vector) - min(vector),
    "std": _deviation,
    "sum": math.fsum,
    "vec": lambda vector: vector,
}
