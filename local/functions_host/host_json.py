"""host.json as text: sections that refuse what nobody takes, overrides by settings, parsers of single values."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from local.functions_host.errors import Refused
from local.functions_host.settings import Settings
from local.functions_host.timespan import seconds

T = TypeVar("T")

_OVERRIDE = "AzureFunctionsJobHost__"


class Section:
    """One object of host.json: each key is taken once, what is left over is refused by name."""

    def __init__(self, path: str, values: Any) -> None:
        if not isinstance(values, dict):
            raise Refused(f"host.json: {path} must be an object")
        self._path = path
        self._values = {key.lower(): (key, value) for key, value in values.items()}

    def take(self, key: str, parse: Callable[[Any, str], T], default: T) -> T:
        """The parsed value of `key`, or the default when it is absent."""
        if key.lower() not in self._values:
            return default
        return parse(self._values.pop(key.lower())[1], self.where(key))

    def section(self, key: str) -> "Section":
        """The object below `key`; an empty one when it is absent."""
        return Section(self.where(key), self._values.pop(key.lower(), (key, {}))[1])

    def drop(self, *keys: str) -> None:
        """Accept keys that have no effect here."""
        for key in keys:
            self._values.pop(key.lower(), None)

    def where(self, key: str) -> str:
        """The dotted name of a key, for messages."""
        return f"{self._path}.{key}" if self._path else key

    def finish(self) -> None:
        """Refuse what nobody took."""
        if self._values:
            names = ", ".join(self.where(key) for key, _ in self._values.values())
            raise Refused(f"host.json: {names} is not supported by the local functions host")


def with_overrides(document: Any, settings: Settings) -> Any:
    """The document with each `AzureFunctionsJobHost__a__b` setting put at a.b."""
    if not isinstance(document, dict):
        raise Refused("host.json: must hold an object")
    for name in settings.names():
        if name.startswith(_OVERRIDE):
            _put(document, name.removeprefix(_OVERRIDE).split("__"), settings.get(name))
    return document


def _put(target: Any, path: list[str], value: str | None) -> None:
    for part in path[:-1]:
        key = _key(target, part)
        target = target.setdefault(key, {})
    target[_key(target, path[-1])] = value


def _key(target: Any, name: str) -> str:
    """The key as the document spells it: configuration names do not mind case."""
    return next((key for key in target if key.lower() == name.lower()), name)


def text(value: Any, where: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise Refused(f"host.json: {where} must be a string")
    return value


def span(value: Any, where: str) -> float:
    """A time span, in seconds."""
    return seconds(text(value, where), f"host.json: {where}")


def timeout(value: Any, where: str) -> float | None:
    """A time span in seconds; None for the -1 that means no limit."""
    return None if value in ("-1", -1, "-00:00:00.001") else span(value, where)


def flag(value: Any, where: str) -> bool:
    """A boolean, also as the text of a setting."""
    if str(value).lower() not in ("true", "false"):
        raise Refused(f"host.json: {where} must be true or false")
    return str(value).lower() == "true"


def between(low: int, high: int) -> Callable[[Any, str], int]:
    """A parser for whole numbers of a range."""

    def parse(value: Any, where: str) -> int:
        if not str(value).isdigit() or not low <= int(value) <= high:
            raise Refused(f"host.json: {where} must be a whole number from {low} to {high}")
        return int(value)

    return parse


def encoding(value: Any, where: str) -> str:
    """A message encoding: base64 or none."""
    if text(value, where).lower() not in ("base64", "none"):
        raise Refused(f"host.json: {where} must be base64 or none")
    return str(value).lower()


def levels(value: Any, where: str) -> Mapping[str, str]:
    """Log levels by category, as text."""
    if not isinstance(value, dict):
        raise Refused(f"host.json: {where} must be an object")
    return {category: text(level, f"{where}.{category}") for category, level in value.items()}


def names(value: Any, where: str) -> tuple[str, ...] | None:
    """A list of names."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Refused(f"host.json: {where} must be a list of function names")
    return tuple(value)
