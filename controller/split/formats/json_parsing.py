"""A JSON parser that is fed piece by piece and tells how deep it stands. Pure."""

from __future__ import annotations

from decimal import InvalidOperation
from itertools import accumulate
from operator import itemgetter
from typing import Any

import ijson

from controller.split.formats.opening import wrong

LONGEST_TOKEN = 32 * 2**20
"""The parser holds a string or number until it is complete."""
_STEPS = {
    **dict.fromkeys(("null", "boolean", "integer", "double", "number", "string", "map_key"), 0),
    **dict.fromkeys(("start_map", "start_array"), 1),
    **dict.fromkeys(("end_map", "end_array"), -1),
}
_NAME = itemgetter(0)


class Parser:
    """`position`: of the next byte, for messages; `opening`: what stands before it, for the parser.

    Refused with SPLIT where the text is no JSON.
    """

    def __init__(self, position: int, opening: bytes = b"") -> None:
        self._position = position - len(opening)
        self._silent = 0
        self._events: list[tuple[str, Any]] = ijson.sendable_list()
        self._parser = ijson.basic_parse_coro(self._events)
        if opening:
            self.feed(opening)

    def feed(self, piece: bytes) -> list[tuple[str, Any]]:
        """(event, value) of everything that is complete with this piece, which is not empty."""
        self._events.clear()
        try:
            self._parser.send(piece)
        except (ijson.JSONError, InvalidOperation, ValueError) as error:
            reason = str(error).strip().partition("\n")[0].rstrip(".")
            raise wrong(
                f"it is no JSON between bytes {self._position} and {self._position + len(piece)}: {reason}."
            ) from error
        self._position += len(piece)
        self._silent = 0 if self._events else self._silent + len(piece)
        if self._silent > LONGEST_TOKEN:
            raise wrong(f"a string before byte {self._position} is longer than {LONGEST_TOKEN} bytes.")
        return self._events


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
