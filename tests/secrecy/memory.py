"""What a service keeps in its memory, read from its objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any


def texts(thing: Any, path: str, seen: set[int]) -> Iterator[tuple[str, bytes]]:
    """Every text and every bytes below an object, by the names on the way there; positions and keys as `*`."""
    if isinstance(thing, str | bytes | bytearray):
        yield path, thing.encode() if isinstance(thing, str) else bytes(thing)
        return
    if id(thing) in seen or callable(thing):
        return
    seen.add(id(thing))
    for name, inner in _below(thing):
        yield from texts(inner, f"{path}.{name}", seen)


def _below(thing: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(thing, Mapping):
        for key, value in thing.items():
            yield "*", key
            yield str(key) if isinstance(key, str) and key.isalpha() else "*", value
    elif isinstance(thing, list | tuple | Set):
        yield from (("*", each) for each in thing)
    else:
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        names = [*getattr(thing, "__dict__", {}), *slots]
        yield from ((name, getattr(thing, name, None)) for name in names)
