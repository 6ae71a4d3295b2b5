"""Readers of single values: a node in, a plain value out, Wrong when it is none. No coercion: 1 is no string."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import TypeVar

from shared.manifest.durations import iso
from shared.manifest.findings import Wrong
from shared.manifest.nodes import Node, Scalar, described, shortened
from shared.manifest.section import Reader

W = TypeVar("W", bound=str)

LONGEST_DURATION = timedelta(days=36500)
_SPANS = "write days, hours, minutes and seconds, such as PT90M, PT1H30M or P2D"

_UNITS = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_SIZE = re.compile(r"([0-9]{1,18})[ ]?(B|KiB|MiB|GiB)", re.ASCII)
_DURATION = re.compile(
    r"P(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,6})?)S)?)?",
    re.ASCII,
)


def text(node: Node, fix: str | None = None) -> str:
    """A string without NUL. `fix`: what to write instead of another value, where quotes alone would not do."""
    value = _scalar(node)
    if not isinstance(value, str):
        fix = "leave the field out, or give it a value" if value is None else fix
        quoted = "put it in quotes" if isinstance(node, Scalar) else "write one text"
        raise Wrong("type", f"must be a string, not {described(node)}", fix or quoted)
    if "\0" in value:
        raise Wrong("pattern", "must not hold a NUL character", "remove it")
    return value


def bounded_text(least: int, most: int) -> Reader[str]:
    """A string of `least` to `most` characters, none of them a control character."""

    def reader(node: Node) -> str:
        value = text(node)
        if not least <= len(value) <= most:
            raise Wrong("range", f"has {len(value)} characters; {least} to {most} are allowed", "make it fit")
        if any(ord(character) < 32 or ord(character) == 127 for character in value):
            raise Wrong("pattern", "must not hold a control character", "remove line breaks and tabs")
        return value

    return reader


def matching(pattern: str, meaning: str, fix: str) -> Reader[str]:
    """A string that the regular expression matches whole; `meaning` says in words what it allows."""
    compiled = re.compile(pattern, re.ASCII)

    def reader(node: Node) -> str:
        value = text(node, None if compiled.fullmatch(_written(node)) else fix)
        if not compiled.fullmatch(value):
            raise Wrong("pattern", f"must be {meaning}, not {shortened(value)}", fix)
        return value

    return reader


def choice(options: Sequence[W]) -> Reader[W]:
    """One of a few words."""

    def reader(node: Node) -> W:
        value = text(node, f"write {' or '.join(options)}")
        for option in options:
            if value == option:
                return option
        near = get_close_matches(value, options, 1, 0.6)
        fix = f"did you mean {near[0]}?" if near else f"say {options[0]}"
        raise Wrong("choice", f"must be one of {', '.join(options)}, not {shortened(value)}", fix)

    return reader


def flag(node: Node) -> bool:
    value = _scalar(node)
    if not isinstance(value, bool):
        raise Wrong("type", f"must be true or false, not {described(node)}", "write true or false, without quotes")
    return value


def integer(least: int, most: int) -> Reader[int]:
    """A whole number within bounds; a boolean or 1.0 is none."""

    def reader(node: Node) -> int:
        value = _scalar(node)
        if isinstance(value, bool) or not isinstance(value, int):
            fix = "write it without quotes" if isinstance(value, str) and value.isdecimal() else "write a whole number"
            raise Wrong("type", f"must be a whole number, not {described(node)}", fix)
        if not least <= value <= most:
            bounds = f"{least} to {most}" if least < most else str(least)
            fix = f"write {least}" if least == most else f"write a number from {bounds}"
            raise Wrong("range", f"must be {bounds}, not {described(node)}", fix)
        return value

    return reader


def number(node: Node) -> float:
    """A number that is not negative."""
    value = _scalar(node)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong("type", f"must be a number, not {described(node)}", "write a number, without quotes")
    if not 0 <= value <= 1e15:
        raise Wrong("range", f"must be 0 or more, not {value}", "write a number that is not negative")
    return float(value)


def duration(least: timedelta, most: timedelta = LONGEST_DURATION) -> Reader[timedelta]:
    """An ISO 8601 duration in weeks, days, hours, minutes, seconds, within bounds."""

    def reader(node: Node) -> timedelta:
        value = _parsed_duration(text(node, _span_of(node)))
        if not least <= value <= most:
            bounds = f"{iso(least)} to {iso(most)}"
            raise Wrong("range", f"must be {bounds}, not {shortened(text(node))}", f"write a duration from {bounds}")
        return value

    return reader


def _span_of(node: Node) -> str:
    """What to write instead of a number: as many seconds."""
    value = _scalar(node)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return f"write PT{shortened(str(value))[1:-1]}S for so many seconds"
    return _SPANS


def _parsed_duration(value: str) -> timedelta:
    found = _DURATION.fullmatch(value)
    if found is None or not any(found.groups()):
        fix = _SPANS
        if re.match(r"P[^T]*[YM]", value):
            fix = "years and months have no fixed length: write days, such as P30D"
        raise Wrong("duration", f"must be an ISO 8601 duration, not {shortened(value)}", fix)
    weeks, days, hours, minutes = (int(each or 0) for each in found.groups()[:4])
    seconds, _, fraction = (found.group(5) or "0").partition(".")
    try:
        return timedelta(
            weeks=weeks,
            days=days,
            hours=hours,
            minutes=minutes,
            seconds=int(seconds),
            microseconds=int(fraction.ljust(6, "0")),
        )
    except OverflowError:
        raise Wrong("range", f"must be at most {iso(LONGEST_DURATION)}", "write a shorter duration") from None


def size(least: int, most: int) -> Reader[int]:
    """Bytes, from a whole number with its unit."""

    def reader(node: Node) -> int:
        value = _scalar(node)
        if isinstance(value, int) and not isinstance(value, bool):
            raise Wrong("pattern", f"must have a unit, not {described(node)}", f"write {value}B, or KiB, MiB, GiB")
        said = text(node, _size_near(""))
        found = _SIZE.fullmatch(said)
        if found is None:
            message = f"must be a whole number with B, KiB, MiB or GiB, not {shortened(said)}"
            raise Wrong("pattern", message, _size_near(said))
        amount = int(found.group(1)) * _UNITS[found.group(2)]
        if not least <= amount <= most:
            bounds = f"{_in_units(least)} to {_in_units(most)}"
            raise Wrong("range", f"must be {bounds}, not {shortened(said)}", f"write a size from {bounds}")
        return amount

    return reader


def _size_near(said: str) -> str:
    """The fix for what is no size: the same number with the unit that was meant, where that can be told."""
    found = re.fullmatch(r"([0-9]{1,18})[ ]?([kKmMgG])(?:i?[bB])?", said, re.ASCII)
    return f"write {found.group(1)}{found.group(2).upper()}iB" if found else "write a size such as 64MiB"


def _in_units(amount: int) -> str:
    """Bytes in the largest unit that leaves no rest."""
    unit = next(unit for unit in reversed(_UNITS) if amount % _UNITS[unit] == 0)
    return f"{amount // _UNITS[unit]}{unit}"


def _written(node: Node) -> str:
    """A number or boolean as it would be in quotes."""
    value = _scalar(node)
    return json.dumps(value) if isinstance(value, int | float) else ""


def _scalar(node: Node) -> object:
    """The value of a scalar; a list or mapping is handed on as itself, so that no type check takes it."""
    return node.value if isinstance(node, Scalar) else node
