"""Where an array begins in a JSON document, found by its dotted path. Pure."""

from __future__ import annotations

from typing import Any

from controller.split.formats.json_parsing import Parser
from controller.split.formats.opening import windows, wrong
from controller.split.parts import Read

_KINDS = {"start_map": "an object", "null": "null", "boolean": "true or false", "string": "a string"}


def array_start(read: Read, start: int, path: str) -> int:
    """The position behind the `[` of the array at `path` (empty: the document itself), in a text from `start` on.

    Refused with SPLIT, by name, where nothing is there, or no array. Reads as far as the array's beginning.
    """
    parser, walk, position = Parser(start), _Walk(path), start
    for window in windows(read, start):
        at = 0
        while at < len(window):
            end = window.find(b"[", at) + 1 or len(window)
            for name, value in parser.feed(window[at:end]):
                walk.step(name, value)
            at = end
            if walk.found:
                return position + end
        position += len(window)
    raise wrong(f"it ends at byte {position}, {walk.missing}.")


class _Walk:
    """`found`: the last event began the array. A path goes through objects only; a key that stands twice counts where
    it stands first."""

    def __init__(self, path: str) -> None:
        self.found = False
        self._path = path
        self._keys: list[str | None] = []

    @property
    def missing(self) -> str:
        return f"and has nothing at split.json.path {self._path}" if self._path else "before any JSON array begins"

    def step(self, name: str, value: Any) -> None:
        if name == "map_key":
            self._keys[-1] = value
        elif name.startswith("end_"):
            self._keys.pop()
        elif self._here():
            self._arrive(name)
        elif name.startswith("start_"):
            self._keys.append("" if name == "start_map" else None)

    def _here(self) -> bool:
        if not self._path:
            return not self._keys
        return None not in self._keys and ".".join(map(str, self._keys)) == self._path

    def _arrive(self, name: str) -> None:
        if name == "start_array":
            self.found = True
            return
        kind = _KINDS.get(name, "a number")
        if self._path:
            raise wrong(f"{kind} stands at split.json.path {self._path}, not an array.")
        if name != "start_map":
            raise wrong(f"it is {kind}, not a JSON array.")
        raise wrong("it is an object, not a JSON array. Say split.json.path where the array stands in it.")
