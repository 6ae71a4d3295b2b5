"""HTTP/1.1 as a relay needs it: whole requests and answers as they came, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

END = b"\r\n\r\n"
LINE = b"\r\n"


@dataclass(frozen=True)
class Message:
    """`fields` by names in lower case, with the last value where one stands twice."""

    head: bytes
    body: bytes
    fields: Mapping[str, str]

    @property
    def first(self) -> list[str]:
        """The words of its first line."""
        return self.head.split(LINE, 1)[0].decode("latin-1").split(" ", 2)

    @property
    def whole(self) -> bytes:
        return self.head + self.body


async def read_request(reader: asyncio.StreamReader) -> Message | None:
    """The next one; None where the other side has closed the connection."""
    try:
        return await _read(reader, open_ended=False)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None


async def read_answer(reader: asyncio.StreamReader, method: str) -> Message:
    """What comes in reply to a request of that method."""
    while True:
        head = await reader.readuntil(END)
        status = int(head.split(b" ", 2)[1])
        if status >= 200:
            break
    fields = _fields(head)
    bodiless = method == "HEAD" or status in (204, 304)
    return Message(head, b"" if bodiless else await _body(reader, fields, open_ended=True), fields)


async def _read(reader: asyncio.StreamReader, *, open_ended: bool) -> Message:
    head = await reader.readuntil(END)
    fields = _fields(head)
    return Message(head, await _body(reader, fields, open_ended=open_ended), fields)


def _fields(head: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    return {name.strip().lower(): value.strip() for name, _, value in lines if name}


async def _body(reader: asyncio.StreamReader, fields: Mapping[str, str], *, open_ended: bool) -> bytes:
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return await _chunks(reader)
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    return await reader.read() if open_ended else b""


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    """With their sizes, as they stand."""
    found = []
    while True:
        size = await reader.readuntil(LINE)
        length = int(size.split(b";")[0], 16)
        found += [size, await reader.readexactly(length + len(LINE))]
        if length == 0:
            return b"".join(found)
