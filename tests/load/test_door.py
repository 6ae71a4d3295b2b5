"""The doors of the soak: they change nothing unless told to, and then do just what they were told."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from threading import Thread

import pytest

from tests.load.door import Door, of_storage, opened
from tests.load.spells import Fault, Kind, Spell

SIGNED = {"Authorization": "SharedKey a:b"}


class Service(BaseHTTPRequestHandler):
    """Answers what it was asked; `asked` remembers it."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked.append(f"{self.headers['Host']}{self.path}")
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """In silence."""


@pytest.fixture
def door() -> Iterator[Door]:
    Service.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    door = Door(server.server_port, of_storage, Random(1))
    with opened([door]):
        yield door
    server.shutdown()
    thread.join()
    server.server_close()


def put(door: Door, *, signed: bool = True) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=10)
    try:
        connection.request("PUT", "/c/b", b"12345678", SIGNED if signed else {})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()
    finally:
        connection.close()


def always(*faults: Fault) -> Spell:
    return Spell("test", 1.0, faults)


def test_what_goes_through_is_as_it_was(door: Door) -> None:
    """Body, answer, and the host's name by which the signature was made; requests of the host are counted."""
    status, _, body = put(door)
    put(door, signed=False)
    assert (status, body, Service.asked) == (201, b"12345678", [f"127.0.0.1:{door.port}/c/b"] * 2)
    assert door.minutes.total() == 1


def test_a_refused_request_has_no_effect_and_says_when_to_come_again(door: Door) -> None:
    """Status, code and Retry-After as storage gives them; what comes from a node goes through."""
    door.spell = always(Fault("refused", 503, "ServerBusy", 3))
    status, headers, body = put(door)
    assert (status, headers["x-ms-error-code"], headers["Retry-After"]) == (503, "ServerBusy", "3")
    assert b"<Code>ServerBusy</Code>" in body
    assert Service.asked == []
    assert put(door, signed=False)[0] == 201


@pytest.mark.parametrize(("kind", "effects"), [("reset", 0), ("answer lost", 1), ("half an answer", 1)])
def test_a_connection_breaks_before_or_after_the_effect(door: Door, kind: Kind, effects: int) -> None:
    """An error for who asked, whichever it was."""
    door.spell = always(Fault(kind))
    with pytest.raises((ConnectionResetError, http.client.HTTPException)):
        put(door)
    assert (len(Service.asked), door.faults[kind]) == (effects, 1)


def test_nothing_goes_through_a_shut_door(door: Door) -> None:
    """Until it is open again."""
    door.shut = True
    with pytest.raises((ConnectionResetError, http.client.HTTPException)):
        put(door)
    door.shut = False
    assert (put(door)[0], len(Service.asked)) == (201, 1)
