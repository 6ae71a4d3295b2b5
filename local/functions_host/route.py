"""HTTP routes: templates such as `jobs/{id}` or `files/{*rest}`, matched as ASP.NET Core matches them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from local.functions_host.errors import Refused

_PARAMETER = re.compile(r"\{(?P<star>\*{0,2})(?P<name>[A-Za-z_]\w*)(?::(?P<type>[^{}?=]+))?(?P<optional>\?)?\}")
_TYPES: dict[str, Callable[[str], bool]] = {
    "int": lambda text: re.fullmatch(r"-?\d+", text) is not None,
    "long": lambda text: re.fullmatch(r"-?\d+", text) is not None,
    "alpha": lambda text: re.fullmatch(r"[A-Za-z]+", text) is not None,
    "guid": lambda text: re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None,
    "bool": lambda text: text.lower() in ("true", "false"),
}


@dataclass(frozen=True)
class Literal:
    """A segment that must be equal, whatever its case."""

    text: str


@dataclass(frozen=True)
class Parameter:
    """A segment that is captured; a catch-all takes the rest of the path."""

    name: str
    type: str | None
    is_optional: bool
    is_rest: bool

    def takes(self, text: str) -> bool:
        """Whether a value fits the constraint."""
        return self.type is None or _TYPES[self.type](text)


Segment = Literal | Parameter


@dataclass(frozen=True)
class Route:
    """A parsed template."""

    segments: tuple[Segment, ...]

    @classmethod
    def parse(cls, template: str, where: str) -> "Route":
        """Refused, naming `where`, for a template this host cannot match."""
        texts = [text for text in template.strip("/").split("/") if text]
        segments = tuple(_segment(text, template, where) for text in texts)
        early = [part for part in segments[:-1] if isinstance(part, Parameter) and (part.is_rest or part.is_optional)]
        if early:
            raise Refused(f"{where}: route {template!r}: {early[0].name} may only be the last segment")
        return cls(segments)

    @property
    def rank(self) -> tuple[tuple[int, str], ...]:
        """Smaller is matched first: literals before parameters before the rest."""
        return tuple(_rank(segment) for segment in self.segments)

    def match(self, path: Sequence[str]) -> dict[str, str] | None:
        """The captures when the segments of a path (still percent-encoded) fit, else None."""
        captures: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if isinstance(segment, Parameter) and segment.is_rest:
                return captures | {segment.name: "/".join(_decoded(text) for text in path[index:])}
            if index >= len(path):
                return captures if isinstance(segment, Parameter) and segment.is_optional else None
            if not _takes(segment, _decoded(path[index]), captures):
                return None
        return captures if len(path) <= len(self.segments) else None


def path_segments(raw_path: str) -> list[str]:
    """The segments of a request's path, still percent-encoded."""
    return [text for text in raw_path.split("/") if text]


def _takes(segment: Segment, text: str, captures: dict[str, str]) -> bool:
    if isinstance(segment, Literal):
        return segment.text.lower() == text.lower()
    captures[segment.name] = text
    return segment.takes(text)


def _segment(text: str, template: str, where: str) -> Segment:
    if "{" not in text and "}" not in text:
        return Literal(text)
    match = _PARAMETER.fullmatch(text)
    if match is None or (match["type"] is not None and match["type"] not in _TYPES):
        raise Refused(
            f"{where}: route {template!r}: the segment {text!r} is not supported by the local functions host; "
            f"it knows {{name}}, {{name?}}, {{*rest}} and the types {', '.join(_TYPES)}"
        )
    return Parameter(match["name"], match["type"], match["optional"] is not None, bool(match["star"]))


def _rank(segment: Segment) -> tuple[int, str]:
    if isinstance(segment, Literal):
        return 0, segment.text.lower()
    if segment.is_rest:
        return 3, ""
    return (1 if segment.type else 2), ""


def _decoded(text: str) -> str:
    """Percent-decoded, save for %2F: a decoded slash would be taken for a separator further on."""
    return unquote(re.sub("(?i)%2f", "%252F", text))
