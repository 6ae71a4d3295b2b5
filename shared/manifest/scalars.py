"""What an unquoted YAML word is: YAML 1.2's core schema, except that an integer with a leading zero is a string.

PyYAML's own resolver knows YAML 1.1: it makes booleans of `NO`, numbers of `1:30` and `1_000`, dates of dates.
"""

from __future__ import annotations

import re

from shared.manifest.nodes import ScalarValue

LONGEST_NUMBER = 1000

_WORDS: dict[str, ScalarValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((sign + word for sign in ("", "+") for word in (".inf", ".Inf", ".INF")), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+", re.ASCII)
_OCTAL = re.compile(r"0o[0-7]+", re.ASCII)
_HEX = re.compile(r"0x[0-9a-fA-F]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NUMBER_STARTS = frozenset("+-.0123456789")


class TooLong(ValueError):
    """A number of more than LONGEST_NUMBER characters."""


def plain_value(text: str) -> ScalarValue:
    """The value of an unquoted word; TooLong for a number nobody can mean."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    return _number_or_text(text)


def _number_or_text(text: str) -> int | float | str:
    if _DECIMAL.fullmatch(text):
        return int(_bounded(text))
    if _LEADING_ZERO.fullmatch(text):
        return text
    if _OCTAL.fullmatch(text):
        return int(_bounded(text)[2:], 8)
    if _HEX.fullmatch(text):
        return int(_bounded(text)[2:], 16)
    return float(_bounded(text)) if _FLOAT.fullmatch(text) else text


def _bounded(text: str) -> str:
    if len(text) > LONGEST_NUMBER:
        raise TooLong(text)
    return text
