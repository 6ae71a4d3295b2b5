"""A JSON parser that is fed piece by piece and tells how deep it stands. Pure."""

from __future__ import annotations

import re
import sys
from decimal import InvalidOperation
from itertools import accumulate
from operator import itemgetter
from typing import Any

import ijson

from controller.split.formats.opening import wrong

LONGEST_TOKEN = 32 * 2**20
"""The parser holds a string or number until it is complete."""
MOST_DIGITS = sys.get_int_max_str_digits()
_STEPS = {
    **dict.fromkeys(("null", "boolean", "integer", "double", "number", "string", "map_key"), 0),
    **dict.fromkeys(("start_map", "start_array"), 1),
    **dict.fromkeys(("end_map", "end_array"), -1),
}
_NAME = itemgetter(0)
_HEX, _HIGH, _LOW = rb"[0-9a-fA-F]", rb"u[dD][89abAB][0-9a-fA-F]{2}", rb"u[dD][c-fC-F][0-9a-fA-F]{2}"
_ESCAPE = re.compile(rb"\\(?:[^u]|%s\\%s|(%s|%s))" % (_HIGH, _LOW, _HIGH, _LOW))
"""The group: half of a surrogate pair, alone. JSON allows it, the parser cannot say it in UTF-8."""
_CUT = re.compile(rb"\\(?:u%s{0,3}|%s(?:\\(?:u%s{0,3})?)?)?\Z" % (_HEX, _HIGH, _HEX))
"""An escape at the end of a piece that may go on in the next one."""
_LONGEST_CUT = 11


class Parser:
    """`position`: of the next byte, for messages; `opening`: what stands before it, for the parser.

    Refused with SPLIT where the text is no JSON.
    """

    def __init__(self, position: int, opening: bytes = b"") -> None:
        self._position = position - len(opening)
        self._silent = 0
        self._held = b""
        self._events: list[tuple[str, Any]] = ijson.sendable_list()
        self._parser = ijson.basic_parse_coro(self._events)
        if opening:
            self.feed(opening)

    def feed(self, piece: bytes) -> list[tuple[str, Any]]:
        """(event, value) of everything that is complete with this piece, which is not empty."""
        self._events.clear()
        if text := self._sayable(piece):
            self._send(text, f"between bytes {self._position} and {self._position + len(piece)}")
        self._position += len(piece)
        self._silent = 0 if self._events else self._silent + len(piece)
        if self._silent > LONGEST_TOKEN:
            raise wrong(f"a string before byte {self._position} is longer than {LONGEST_TOKEN} bytes.")
        return self._events

    def _send(self, text: bytes, where: str) -> None:
        try:
            self._parser.send(text)
        except (ijson.JSONError, UnicodeDecodeError) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise wrong(f"it is no JSON {where}: {reason}.") from error
        except (InvalidOperation, ValueError, SystemError) as error:  # the last: a ValueError within the C parser
            message = f"a number {where} has more than {MOST_DIGITS} digits, or an exponent beyond all bounds."
            raise wrong(message) from error

    def _sayable(self, piece: bytes) -> bytes:
        """The piece, as long as it was, with U+FFFD for lone halves of surrogate pairs; an escape that may go on in
        the next piece is kept for that one."""
        text = self._held + piece
        cut = _CUT.search(text, max(0, len(text) - _LONGEST_CUT))
        text, self._held = (text[: cut.start()], text[cut.start() :]) if cut else (text, b"")
        return _ESCAPE.sub(_replaced, text) if b"\\u" in text else text


def _replaced(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape[1] else escape[0]


class Elements:
    """The elements of one array, whose text is fed from behind its `[`; `resumed`: from behind an element."""

    def __init__(self, position: int, *, resumed: bool) -> None:
        self._parser = Parser(position, b'[""' if resumed else b"[")
        self.level = 1
        self.between = False
        """The last piece ended with the `]` of an element."""

    @property
    def closed(self) -> bool:
        return self.level < 1

    def feed(self, piece: bytes) -> int:
        """How many elements are complete with this piece, which ends at the next `]` at the latest."""
        events = self._parser.feed(piece)
        if not events:
            self.between = False
            return 0
        levels = list(accumulate(map(_STEPS.__getitem__, map(_NAME, events)), initial=self.level))
        self.level = levels[-1]
        self.between = self.level == 1 and events[-1][0] == "end_array"
        return levels[1:].count(1)
