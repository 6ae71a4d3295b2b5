"""A webhook that receives events: the handshake that proves it wants them, and the delivery of a batch."""

import http.client
import json
import urllib.parse
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from local.event_schemas import CLOUD_BATCH, EVENT_GRID, Event

_ORIGIN = "eventgrid.azure.net"
_PATIENCE = 30


class Undelivered(Exception):
    """The receiver did not take it. `final`: trying again cannot help (it is what the receiver thinks of it)."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


class Webhook:
    """One receiver at an http URL of this machine."""

    # What Event Grid takes for an answer that no repetition will change.
    _FINAL = frozenset({400, 401, 413})

    def __init__(self, name: str, url: str) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in ("127.0.0.1", "localhost"):
            raise ValueError(f"{url}: the local topic delivers to http://127.0.0.1:PORT/... only")
        self.name = name
        self._address = (parts.hostname, parts.port or 80)
        self._path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))

    def shake_hands(self, topic: str) -> None:
        """Ask whether it wants this topic's events: an Event Grid receiver repeats a code, a CloudEvents one agrees.

        Raises Undelivered.
        """
        code = str(uuid.uuid4())
        event = _validation_event(topic, code)
        status, body = self._send("POST", _headers(self.name, "SubscriptionValidation", EVENT_GRID), [event])
        if _repeats(body, code):
            return
        status, _ = self._send("OPTIONS", {"WebHook-Request-Origin": _ORIGIN}, None)
        if status != 200:
            raise Undelivered(f"{self.name}: the handshake was not answered (status {status})")

    def deliver(self, schema: str, events: list[Event], attempt: int) -> None:
        """Send one batch in the schema it came in; `attempt` counts from 0. Raises Undelivered."""
        headers = _headers(self.name, "Notification", schema)
        headers["aeg-delivery-count"] = str(attempt)
        status, body = self._send("POST", headers, events)
        if not 200 <= status <= 204:
            said = body[:200].decode(errors="replace")
            raise Undelivered(f"{self.name}: {status} {said}", final=status in self._FINAL)

    def _send(self, method: str, headers: Mapping[str, str], body: Any) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self._address, timeout=_PATIENCE)
        try:
            content = None if body is None else json.dumps(body).encode()
            connection.request(method, self._path, content, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Undelivered(f"{self.name}: {error or type(error).__name__}") from error
        finally:
            connection.close()


def _headers(name: str, event_type: str, schema: str) -> dict[str, str]:
    headers = {
        "Content-Type": f"{schema}; charset=utf-8",
        "aeg-event-type": event_type,
        "aeg-subscription-name": name.upper(),
    }
    if schema == CLOUD_BATCH:
        headers["WebHook-Request-Origin"] = _ORIGIN
    return headers


def _validation_event(topic: str, code: str) -> Event:
    return {
        "id": str(uuid.uuid4()),
        "topic": topic,
        "subject": "",
        "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
        "eventTime": datetime.now(UTC).isoformat(),
        "metadataVersion": "1",
        "dataVersion": "2",
        "data": {"validationCode": code},
    }


def _repeats(body: bytes, code: str) -> bool:
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("validationResponse") == code
