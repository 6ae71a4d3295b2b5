"""The grammar of JSON (RFC 8259) as regular expressions that never go back. Pure.

Besides the single tokens there are whole runs: values that are not nested deeper than two levels, each with its comma.
Taking a run at once is what makes reading fast; what is nested deeper is taken token by token.
"""

from __future__ import annotations

import re
from enum import Enum, auto

DEEPEST = 1000
"""Levels taken token by token; two or three more may follow in a run."""
LONGEST_NUMBER = 4096
RUN = 10_000
"""Elements taken at once."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_CHARACTERS = rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+'
_STRING = rb'"%s"' % _CHARACTERS
_SCALAR = rb"(?:true|false|null|-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?[0-9]++)?+)"
_SPACE = rb"[ \t\r\n]*+"


def _list_of(item: bytes) -> bytes:
    return rb"(?>%s%s(?>,%s%s%s)*+)?+" % (item, _SPACE, _SPACE, item, _SPACE)


def _member(value: bytes) -> bytes:
    return _STRING + _SPACE + b":" + _SPACE + value


def _nested(value: bytes) -> bytes:
    """Plain values, and arrays and objects of `value`."""
    array, members = _list_of(value), _list_of(_member(value))
    return rb"(?>%s|%s|\[%s%s\]|\{%s%s\})" % (_STRING, _SCALAR, _SPACE, array, _SPACE, members)


_VALUE = _nested(_nested(rb"(?>%s|%s)" % (_STRING, _SCALAR)))
SPACE = re.compile(_SPACE)
CHARACTERS = re.compile(_CHARACTERS)
SCALAR = re.compile(_SCALAR)
WORD = re.compile(rb"[-+.0-9A-Za-z]*+")
NESTED = re.compile(rb"(?=[\[{])" + _VALUE)
ITEM = re.compile(rb"%s(%s)%s," % (_SPACE, _VALUE, _SPACE))
ITEMS = re.compile(rb"(?>%s%s%s,)*+" % (_SPACE, _VALUE, _SPACE))
MEMBERS = re.compile(rb"(?>%s%s%s,)*+" % (_SPACE, _member(_VALUE), _SPACE))
LONGEST_ESCAPE = 6


class Mode(Enum):
    """What may come next."""

    TEXT = auto()
    VALUE = auto()
    VALUE_OR_END = auto()
    KEY = auto()
    KEY_OR_END = auto()
    COLON = auto()
    AFTER = auto()
    STRING = auto()
    KEY_STRING = auto()
    DONE = auto()


class NotJson(ValueError):
    """The text breaks the grammar at byte `offset`."""

    def __init__(self, offset: int, what: str) -> None:
        super().__init__(what)
        self.offset = offset
