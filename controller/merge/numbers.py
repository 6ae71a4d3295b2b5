"""Numbers in table cells, added and compared exactly: integers stay integers, fractions keep their digits. Pure."""

from __future__ import annotations

import re
from decimal import Context, Decimal, DecimalException, DivisionByZero, Inexact, InvalidOperation, Overflow

Number = int | Decimal
LONGEST = 2000
"""Digits of a number, written without an exponent."""
_INTEGER = re.compile(r"[+-]?[0-9]{1,4000}")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,4000}(?:\.[0-9]{0,4000})?|\.[0-9]{1,4000})(?:[eE][+-]?[0-9]{1,3})?")
_EXACT = Context(prec=LONGEST, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])


def number(text: str) -> Number | None:
    """The value of a cell; None for an empty one. ValueError for anything that is no finite decimal number."""
    cell = text.strip(" \t")
    if not cell:
        return None
    if _INTEGER.fullmatch(cell):
        return int(cell)
    if _DECIMAL.fullmatch(cell):
        value = Decimal(cell)
        if len(written(value)) <= LONGEST:
            return value
    raise ValueError(f"{cell[:40]!r} is not a number, or too long a one")


def add(one: Number, other: Number) -> Number:
    """The exact sum; ValueError where it would take more than 2,000 digits."""
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    try:
        return _EXACT.add(Decimal(one), Decimal(other))
    except DecimalException as error:
        raise ValueError(f"the sum of {one!s:.40} and {other!s:.40} takes too many digits") from error


def written(value: Number | None) -> str:
    """A cell: never in exponent form, empty for no value."""
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:f}"
