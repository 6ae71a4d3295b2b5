"""One request, read: what it is about, what it asks, what it carries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl, unquote

from local.in_process.exchange import Answer, Sent
from local.strict_store.refusals import require
from local.strict_store.state import Account, second

_IDENTIFIER = re.compile(r"[^\W\d]\w*", re.ASCII)
_META = "x-ms-meta-"
LONGEST_METADATA = 8 * 1024


@dataclass(frozen=True)
class Call:
    """`container` is the queue's name in the queue service; `headers` by lower-case name; `query` decoded."""

    account: Account
    sent: Sent
    container: str
    blob: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    now: datetime

    @property
    def body(self) -> bytes:
        return self.sent.body

    @property
    def metadata(self) -> dict[str, str]:
        """Names keep their case. They are C# identifiers; values are printable ASCII; all of it 8 KiB at most."""
        named = {k: v for k, v in self.sent.headers.items() if k.lower().startswith(_META)}
        found = {name[len(_META) :]: value for name, value in named.items()}
        for name, value in found.items():
            require(_IDENTIFIER.fullmatch(name), 400, "InvalidMetadata", f"{name!r} is no identifier.")
            require(value.isascii() and value.isprintable(), 400, "InvalidMetadata", f"{name} holds more than ASCII.")
        size = sum(len(name) + len(value) for name, value in found.items())
        require(size <= LONGEST_METADATA, 400, "MetadataTooLarge", "The metadata is longer than 8 KiB.")
        return found


def read_call(account: Account, sent: Sent) -> Call:
    """The first segment of the path is the container or queue, the rest the blob."""
    container, _, blob = sent.path.lstrip("/").partition("/")
    query = dict(parse_qsl(sent.query, keep_blank_values=True))
    headers = {name.lower(): value for name, value in sent.headers.items()}
    return Call(account, sent, unquote(container), unquote(blob), query, headers, account.now())


def said(status: int, headers: Mapping[str, str | None] | None = None, body: bytes = b"") -> Answer:
    """An answer; headers that are None are left out."""
    given = {name: value for name, value in (headers or {}).items() if value is not None}
    return Answer(status, given, body)


def document(xml: str, headers: Mapping[str, str | None] | None = None, status: int = 200) -> Answer:
    """An answer in XML."""
    body = f'<?xml version="1.0" encoding="utf-8"?>{xml}'.encode()
    return said(status, {"Content-Type": "application/xml", **(headers or {})}, body)


def date(moment: datetime) -> str:
    """As headers and listings have it."""
    return format_datetime(second(moment), usegmt=True)


def versioned(etag: str, modified: datetime) -> dict[str, str | None]:
    """The two headers that name a version."""
    return {"ETag": f'"{etag}"', "Last-Modified": date(modified)}
