"""One request as the operations see it, and what they answer."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.conditions import check
from local.batch_emulator.protocol.moments import header_date

JSON_TYPE = "application/json; odata=minimalmetadata"


class Headers(Mapping[str, str]):
    """Header values by name, whatever the case of the name."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values = {name.lower(): value for name, value in pairs}

    def __getitem__(self, name: str) -> str:
        """Give one value; KeyError when it is not there."""
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        """Give the names, in lower case."""
        return iter(self._values)

    def __len__(self) -> int:
        """Count them."""
        return len(self._values)


@dataclass(frozen=True)
class Call:
    """A routed, authenticated request. `path` is raw; `ids` are decoded; `base_url` has no trailing slash."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    ids: Mapping[str, str]
    base_url: str
    now: datetime

    def json(self) -> dict[str, Any]:
        """Give the body as an object; raise InvalidRequestBody when it is none."""
        try:
            body = json.loads(self.body)
        except ValueError as error:
            raise BatchError("InvalidRequestBody", Reason=f"The body is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise BatchError("InvalidRequestBody", Reason="The body is not a JSON object.")
        return body

    def flag(self, name: str) -> bool:
        """Read a true/false query parameter; absent means false."""
        text = self.query.get(name, "false").lower()
        if text not in ("true", "false"):
            raise BatchError("InvalidQueryParameterValue", QueryParameterName=name, QueryParameterValue=text)
        return text == "true"

    def require(self, etag: str, modified: datetime, *, reading: bool = False) -> None:
        """Raise ConditionNotMet unless the request's condition headers hold for this resource."""
        check(self.headers, etag, modified, reading=reading)

    def url(self, path: str = "") -> str:
        """Give the absolute address of `path`, or of the request's own resource."""
        return self.base_url + (path or self.path)


@dataclass(frozen=True)
class Answer:
    """What goes back. `body` is sent as JSON; `stream` is sent as it is."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    stream: Iterable[bytes] | None = None


def tags(etag: str, modified: datetime) -> dict[str, str]:
    """Give the ETag and Last-Modified headers."""
    return {"ETag": f'"{etag}"', "Last-Modified": header_date(modified)}


def changed(call: Call, status: int, etag: str, modified: datetime) -> Answer:
    """Answer a write on the request's own resource: no body, its tags, its address."""
    return Answer(status, headers={**tags(etag, modified), "DataServiceId": call.url()})
