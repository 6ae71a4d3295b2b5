"""A request and its answer, as they would be on the wire."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Sent:
    """A request. `path` and `query` as they are in the address, percent-encoded; headers as their sender wrote them."""

    method: str
    scheme: str
    host: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """By its name in any case."""
        wanted = name.lower()
        return next((value for key, value in self.headers.items() if key.lower() == wanted), None)


@dataclass(frozen=True)
class Answer:
    """What a service says."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


Service = Callable[[Sent], Answer]


def to(method: str, address: str, headers: Mapping[str, str], body: bytes = b"") -> Sent:
    """A request for a whole address."""
    parts = urlsplit(address)
    return Sent(method, parts.scheme, parts.netloc, parts.path or "/", parts.query, headers, body)
