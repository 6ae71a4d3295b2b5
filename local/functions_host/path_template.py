"""Binding expressions in paths: `jobs/{name}.json` matches blob paths and gives captures; `done/{name}` takes them."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from local.functions_host.errors import Refused

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|rand-guid")


@dataclass(frozen=True)
class Capture:
    """`{name}` in a template."""

    name: str


@dataclass(frozen=True)
class PathTemplate:
    """A parsed path: literal text and captures, in order."""

    parts: tuple[str | Capture, ...]

    @classmethod
    def parse(cls, text: str, where: str) -> "PathTemplate":
        """Refused, naming `where`, for a broken template or an expression this host does not know."""
        return cls(tuple(_part(match, text, where) for match in _PIECE.finditer(text)))

    @property
    def names(self) -> list[str]:
        """The captures, in order."""
        return [part.name for part in self.parts if isinstance(part, Capture)]

    def match(self, value: str) -> dict[str, str] | None:
        """What each capture holds when the value fits, else None. A capture takes slashes too, as in the host."""
        pattern = "".join(
            f"(?P<{part.name}>.*)" if isinstance(part, Capture) else re.escape(part) for part in self.parts
        )
        found = re.fullmatch(pattern, value, re.DOTALL)
        return None if found is None else found.groupdict()

    def fill(self, data: Mapping[str, str]) -> str:
        """The text with every capture replaced; KeyError with the name that `data` lacks. Case does not matter."""
        folded = {key.lower(): value for key, value in data.items()}
        return "".join(part if isinstance(part, str) else _value(part.name, folded) for part in self.parts)


def trigger_path(text: str, where: str) -> tuple[str, PathTemplate]:
    """Container and blob template of a blob trigger's path; no blob part takes every blob."""
    container, _, blob = text.partition("/")
    if not container or "{" in container:
        raise Refused(f"{where}: path {text!r} must begin with the name of a container, which cannot be a pattern")
    template = PathTemplate.parse(blob or "{name}", where)
    if len(set(template.names)) != len(template.names) or "rand-guid" in template.names:
        raise Refused(f"{where}: path {text!r} may use each name once, and no rand-guid")
    return container, template


def _part(match: re.Match[str], text: str, where: str) -> str | Capture:
    piece = match.group(0)
    if piece in ("{{", "}}"):
        return piece[0]
    if match.group(1) is None:
        if piece in "{}":
            raise Refused(f"{where}: path {text!r} has a lone {piece}; write it twice to mean itself")
        return piece
    if _NAME.fullmatch(match.group(1)) is None:
        raise Refused(f"{where}: the expression {piece} in {text!r} is not supported by the local functions host")
    return Capture(match.group(1))


def _value(name: str, data: Mapping[str, str]) -> str:
    if name.lower() in data:
        return data[name.lower()]
    if name == "rand-guid":
        return str(uuid.uuid4())
    if name == "DateTime":
        return datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    raise KeyError(name)
