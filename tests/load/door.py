"""Doors between the Functions host and its services: what goes through may meet trouble, or is not let through.

Every byte is passed on as it came, the field `Host` included: so signatures hold, and storage takes the door's address
for its own. Only requests with a field `Authorization` meet faults: these are the host's. What carries a signature in
its address comes from nodes, which have troubles of their own.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random
from time import monotonic
from typing import Any

from tests.load.message import Message, read_answer, read_request
from tests.load.spells import Fault, Spell

Words = Callable[[str], bytes]
"""The body of a refusal, in the service's own form, from its code."""
AT_ONCE = struct.pack("ii", 1, 0)
LOST = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)
CHUNK = 65536


def of_storage(code: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>so it is</Message></Error>'.encode()
    )


def of_batch(code: str) -> bytes:
    return json.dumps({"code": code, "message": {"lang": "en-US", "value": "so it is"}}).encode()


class Door:
    """In front of the service at `target`, a port of 127.0.0.1. `words` None: bytes pass in both directions, unread."""

    def __init__(self, target: int, words: Words | None, dice: Random) -> None:
        self.target, self.words, self._dice = target, words, dice
        self.port = 0
        self.shut = False
        self.spell: Spell | None = None
        self.faults: Counter[str] = Counter()
        self.minutes: Counter[int] = Counter()
        """Requests of the host: minute -> how many."""

    async def open(self) -> asyncio.Server:
        server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until one side has enough of it."""
        serve = self._pass if self.words is None else self._serve
        try:
            with suppress(*LOST):
                await serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(self.target)
        try:
            while (request := await read_request(reader)) is not None:
                if not await self._carry(request, line, writer):
                    return
        finally:
            line.close()

    async def _carry(self, request: Message, line: Line, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        fault = self._fault(request)
        kind = fault.kind if fault else None
        if self.shut or kind == "reset":
            return reset(writer)
        if fault and kind == "refused":
            return await send(writer, self._refusal(fault, request))
        answer = await line.ask(request)
        if self.shut or kind == "answer lost":
            return reset(writer)
        if kind == "half an answer":
            await send(writer, half(answer))
            return False
        if fault and kind == "late":
            await asyncio.sleep(fault.seconds)
        return await send(writer, answer.whole)

    def _fault(self, request: Message) -> Fault | None:
        if "authorization" not in request.fields:
            return None
        self.minutes[int(monotonic() // 60)] += 1
        spell = self.spell
        fault = spell.strike(self._dice) if spell else None
        if fault:
            self.faults[fault.kind] += 1
        return fault

    def _refusal(self, fault: Fault, request: Message) -> bytes:
        assert self.words is not None
        body = b"" if request.first[0] == "HEAD" else self.words(fault.code)
        kind = "application/xml" if self.words is of_storage else "application/json"
        lines = [
            f"HTTP/1.1 {fault.status} {fault.code}",
            f"Content-Length: {len(body)}",
            f"x-ms-error-code: {fault.code}",
        ]
        lines += [f"Retry-After: {fault.retry_after}"] if fault.retry_after is not None else []
        return "\r\n".join([*lines, f"Content-Type: {kind}", "", ""]).encode() + body

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.shut:
            reset(writer)
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.target)
        ways = [asyncio.ensure_future(pump(reader, back)), asyncio.ensure_future(pump(there, writer))]
        try:
            while not self.shut and not all(way.done() for way in ways):
                await asyncio.wait(ways, timeout=0.2)
        finally:
            for way in ways:
                way.cancel()
            back.close()


class Line:
    """A connection to the service behind a door, made anew where the service has closed it."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: Message) -> Message:
        """OSError where no one is there."""
        if self._ends is not None:
            try:
                return await self._ask(*self._ends, request)
            except asyncio.IncompleteReadError as error:
                if error.partial:
                    raise
            except OSError:
                pass  # it had been idle for too long, or the service has gone meanwhile: the next try tells
            self.close()
        self._ends = await asyncio.open_connection("127.0.0.1", self._target)
        return await self._ask(*self._ends, request)

    async def _ask(self, there: asyncio.StreamReader, back: asyncio.StreamWriter, request: Message) -> Message:
        back.write(request.whole)
        await back.drain()
        return await read_answer(there, request.first[0])

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(*LOST):
        while some := await reader.read(CHUNK):
            writer.write(some)
            await writer.drain()
    with suppress(OSError):
        writer.write_eof() if writer.can_write_eof() else writer.close()


def reset(writer: asyncio.StreamWriter) -> bool:
    """RST, not FIN. False: the connection is over."""
    there: Any = writer.get_extra_info("socket")
    there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()
    return False


async def send(writer: asyncio.StreamWriter, what: bytes) -> bool:
    writer.write(what)
    await writer.drain()
    return True


def half(answer: Message) -> bytes:
    """All of its head and half of its body; half of its head where it has no body."""
    return answer.head + answer.body[: len(answer.body) // 2] if answer.body else answer.head[: len(answer.head) // 2]


@contextmanager
def opened(doors: list[Door]) -> Iterator[None]:
    """All of them, from a thread of their own."""
    ready, loops = threading.Event(), list[tuple[asyncio.AbstractEventLoop, asyncio.Event]]()

    async def stand() -> None:
        servers = [await door.open() for door in doors]
        loops.append((asyncio.get_running_loop(), asyncio.Event()))
        ready.set()
        await loops[0][1].wait()
        for server in servers:
            server.close()

    thread = threading.Thread(target=lambda: asyncio.run(stand()), name="doors")
    thread.start()
    ready.wait()
    try:
        yield
    finally:
        loops[0][0].call_soon_threadsafe(loops[0][1].set)
        thread.join()
