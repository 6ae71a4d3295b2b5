"""Finding the elements of one JSON text while it streams by, and holding it to the grammar (RFC 8259). Pure.

Memory does not grow with the text: a string may be longer than any buffer, only nesting is limited.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from codecs import getincrementaldecoder
from collections.abc import Callable
from typing import Any

from controller.merge import json_tokens as grammar
from controller.merge.json_tokens import BYTE_ORDER_MARK, DEEPEST, LONGEST_NUMBER, RUN, Mode, NotJson

__all__ = ["JsonScan", "NotJson"]

_MORE = -1
"""Instead of a position: the rest of the buffer says too little yet."""


class JsonScan:
    """One text, chunk by chunk. `elements` counts on from `before`; an element that is not the first of all is preceded
    by a separator."""

    def __init__(self, before: int = 0) -> None:
        self.elements = before
        self._mode = Mode.TEXT
        self._stack = bytearray()
        self._level = 0
        self._buffer, self._offset, self._ended = b"", 0, False
        self._mark: int | None = None
        self._out = bytearray()
        self._decoder = getincrementaldecoder("utf-8")()
        self._steps: dict[Mode, Callable[[int], int]] = {
            Mode.TEXT: self._text,
            Mode.VALUE: self._value,
            Mode.VALUE_OR_END: self._value_or_end,
            Mode.KEY: self._key,
            Mode.KEY_OR_END: self._key_or_end,
            Mode.COLON: self._colon,
            Mode.AFTER: self._after,
            Mode.STRING: self._string,
            Mode.KEY_STRING: self._string,
            Mode.DONE: self._done,
        }

    def take(self, chunk: bytes) -> bytes:
        """The bytes of elements that are certain by now, separators included."""
        self._check_text(chunk, last=False)
        self._buffer += chunk
        return self._run()

    def finish(self) -> bytes:
        """The rest; NotJson when the text ends too early."""
        self._check_text(b"", last=True)
        self._ended = True
        rest = self._run()
        if self._mode not in (Mode.TEXT, Mode.DONE):
            raise NotJson(self._offset + len(self._buffer), "it ends too early")
        return rest

    def state(self) -> list[Any]:
        """Where it stands between two chunks: what is held back is at most a long number."""
        held, flag = self._decoder.getstate()
        texts = [b64encode(data).decode() for data in (self._stack, self._buffer, held)]
        return [*texts, flag, self.elements, self._mode.name, self._level, self._offset, self._mark]

    def resume(self, state: list[Any]) -> None:
        """Go on from a `state`."""
        *texts, flag, self.elements, mode, self._level, self._offset, self._mark = state
        stack, self._buffer, held = (b64decode(text) for text in texts)
        self._stack, self._mode = bytearray(stack), Mode[mode]
        self._decoder.setstate((held, flag))

    def _run(self) -> bytes:
        position = 0
        while True:
            if self._mode not in (Mode.STRING, Mode.KEY_STRING):
                position = self._skip(position)
            following = self._steps[self._mode](position) if position < len(self._buffer) else _MORE
            if following == _MORE:
                break
            position = following
        return self._passed(position)

    def _skip(self, position: int) -> int:
        found = grammar.SPACE.match(self._buffer, position)
        return found.end() if found else position

    def _passed(self, position: int) -> bytes:
        if self._mark is not None:
            self._out += self._buffer[self._mark : position]
            self._mark = 0
        self._buffer, self._offset = self._buffer[position:], self._offset + position
        out, self._out = bytes(self._out), bytearray()
        return out

    def _check_text(self, chunk: bytes, *, last: bool) -> None:
        held = self._decoder.getstate()[0]
        try:
            self._decoder.decode(chunk, last)
        except UnicodeDecodeError as error:
            start = self._offset + len(self._buffer) - len(held) + error.start
            raise NotJson(start, "it is not UTF-8") from error

    # ------------------------------------------------------------------ one step each: position -> position or _MORE

    def _text(self, position: int) -> int:
        if self._offset + position == 0:
            head = self._buffer[:3]
            if head == BYTE_ORDER_MARK:
                return 3
            if BYTE_ORDER_MARK.startswith(head) and not self._ended:
                return _MORE
        if self._buffer[position] != ord("["):
            return self._value(position)
        self._level = 1
        return self._open(position, Mode.VALUE_OR_END)

    def _value_or_end(self, position: int) -> int:
        if self._buffer[position] == ord("]"):
            return self._close(position)
        return self._value(position)

    def _value(self, position: int) -> int:
        if len(self._stack) == self._level == 1 and self._mark is None and (end := self._elements(position)):
            return end
        self._begin(position)
        if whole := grammar.NESTED.match(self._buffer, position):
            return self._end(whole.end())
        first = self._buffer[position]
        if first == ord("["):
            return self._open(position, Mode.VALUE_OR_END)
        if first == ord("{"):
            return self._open(position, Mode.KEY_OR_END)
        if first == ord('"'):
            self._mode = Mode.STRING
            return position + 1
        return self._word(position)

    def _key_or_end(self, position: int) -> int:
        if self._buffer[position] == ord("}"):
            return self._close(position)
        return self._key(position)

    def _key(self, position: int) -> int:
        if self._buffer[position] != ord('"'):
            raise self._wrong(position, "a key in quotes is due")
        self._mode = Mode.KEY_STRING
        return position + 1

    def _colon(self, position: int) -> int:
        if self._buffer[position] != ord(":"):
            raise self._wrong(position, "a colon is due")
        self._mode = Mode.VALUE
        return position + 1

    def _after(self, position: int) -> int:
        in_array = self._stack[-1] == ord("[")
        found = self._buffer[position]
        if found == ord("]" if in_array else "}"):
            return self._close(position)
        if found != ord(","):
            raise self._wrong(position, "a comma or the end of the array or object is due")
        self._mode = Mode.VALUE if in_array else Mode.KEY
        return self._plain(position + 1, grammar.ITEMS if in_array else grammar.MEMBERS)

    def _string(self, position: int) -> int:
        found = grammar.CHARACTERS.match(self._buffer, position)
        end = found.end() if found else position
        if end < len(self._buffer) and self._buffer[end] == ord('"'):
            is_key = self._mode is Mode.KEY_STRING
            self._mode = Mode.COLON if is_key else self._mode
            return end + 1 if is_key else self._end(end + 1)
        cut_escape = (
            self._buffer[end : end + 1] == b"\\"
            and len(self._buffer) - end < grammar.LONGEST_ESCAPE
            and not self._ended
        )
        if end < len(self._buffer) and not cut_escape:
            raise self._wrong(end, "a character that a string cannot hold")
        return end if end > position else _MORE

    def _word(self, position: int) -> int:
        found = grammar.WORD.match(self._buffer, position)
        end = found.end() if found else position
        if end - position > LONGEST_NUMBER:
            raise self._wrong(position, f"a number of more than {LONGEST_NUMBER} digits")
        if end == len(self._buffer) and not self._ended:
            return _MORE
        if not grammar.SCALAR.fullmatch(self._buffer, position, end):
            raise self._wrong(position, "a value is due")
        return self._end(end)

    def _done(self, position: int) -> int:
        raise self._wrong(position, "the text goes on behind its value")

    # ------------------------------------------------------------------ what steps have in common

    def _elements(self, position: int) -> int:
        """The end of a run of elements that each have their comma; 0 where there is none."""
        found: list[bytes] = []
        while len(found) < RUN and (item := grammar.ITEM.match(self._buffer, position)):
            found.append(item[1])
            position = item.end()
        if not found:
            return 0
        self._out += (b",\n" if self.elements else b"") + b",\n".join(found)
        self.elements += len(found)
        self._mode = Mode.VALUE
        return position

    def _begin(self, position: int) -> None:
        if len(self._stack) == self._level and self._mark is None:
            self._out += b",\n" if self.elements else b""
            self.elements += 1
            self._mark = position

    def _end(self, position: int) -> int:
        """A value is complete."""
        if len(self._stack) == self._level and self._mark is not None:
            self._out += self._buffer[self._mark : position]
            self._mark = None
        self._mode = Mode.AFTER if self._stack else Mode.DONE
        return position

    def _open(self, position: int, mode: Mode) -> int:
        if len(self._stack) >= DEEPEST:
            raise self._wrong(position, f"nested deeper than {DEEPEST}")
        self._stack.append(self._buffer[position])
        self._mode = mode
        return position + 1

    def _close(self, position: int) -> int:
        del self._stack[-1]
        return self._end(position + 1)

    def _plain(self, position: int, run: re.Pattern[bytes]) -> int:
        """As many plain items or members as there are, each with its comma; only inside an element."""
        if self._mark is None:
            return position
        found = run.match(self._buffer, position)
        return found.end() if found else position

    def _wrong(self, position: int, what: str) -> NotJson:
        return NotJson(self._offset + position, what)
