"""Listings of containers and blobs, in byte order, page by page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from xml.sax.saxutils import escape, quoteattr

from local.in_process.exchange import Answer
from local.strict_store.blobs import lease_words
from local.strict_store.call import Call, date, document
from local.strict_store.refusals import Refusal, require, unknown
from local.strict_store.state import Blob, Container

T = TypeVar("T")
MOST = 5000


def list_containers(call: Call) -> Answer:
    """Those that are being deleted are not shown."""
    wanted = included(call, {"metadata"})
    found, after = page(call, call.account.containers.items())
    shown = "".join(container_row(name, container, "metadata" in wanted) for name, container in found)
    return enumeration(call, f"<Containers>{shown}</Containers>", after)


def list_blobs(call: Call) -> Answer:
    """Committed blobs only. `startFrom`: the first name that may be shown."""
    wanted = included(call, {"metadata"})
    first = call.query.get("startFrom", "")
    blobs = call.account.container(call.container).blobs
    named = [(name, blob) for name, blob in blobs.items() if name.encode() >= first.encode()]
    found, after = page(call, named)
    shown = "".join(blob_row(name, blob, call, "metadata" in wanted) for name, blob in found)
    return enumeration(call, f"<Blobs>{shown}</Blobs>", after)


def included(call: Call, known: set[str]) -> set[str]:
    asked = {each for each in call.query.get("include", "").split(",") if each}
    if asked - known:
        raise unknown(f"include={','.join(sorted(asked - known))}")
    return asked


def page(call: Call, named: Iterable[tuple[str, T]]) -> tuple[Sequence[tuple[str, T]], str]:
    """What is shown, and the marker of what is not."""
    asked = call.query.get("maxresults", str(MOST))
    require(asked.isdigit() and 1 <= int(asked) <= MOST, 400, "OutOfRangeQueryParameterValue", "maxresults")
    prefix, marker = call.query.get("prefix", ""), call.query.get("marker", "")
    fit = [(name, each) for name, each in named if name.startswith(prefix) and name.encode() >= marker.encode()]
    fit.sort(key=lambda pair: pair[0].encode())
    most = min(int(asked), call.account.page)
    return fit[:most], fit[most][0] if len(fit) > most else ""


def enumeration(call: Call, entries: str, after: str) -> Answer:
    of = f" ContainerName={quoteattr(call.container)}" if call.container else ""
    asked = "".join(
        f"<{tag}>{text(call.query[name])}</{tag}>"
        for tag, name in (("Prefix", "prefix"), ("Marker", "marker"), ("MaxResults", "maxresults"))
        if call.query.get(name)
    )
    endpoint = f"{call.sent.scheme}://{call.sent.host}/"
    return document(
        f'<EnumerationResults ServiceEndpoint="{endpoint}"{of}>{asked}{entries}'
        f"<NextMarker>{text(after)}</NextMarker></EnumerationResults>"
    )


def container_row(name: str, container: Container, metadata: bool) -> str:
    values = {
        "Last-Modified": date(container.modified),
        "Etag": f'"{container.etag}"',
        "LeaseStatus": "unlocked",
        "LeaseState": "available",
    }
    return f"<Container><Name>{name}</Name>{properties(values)}{meta(container.metadata, metadata)}</Container>"


def blob_row(name: str, blob: Blob, call: Call, metadata: bool) -> str:
    """Etags in listings carry no quotes."""
    status, state = lease_words(blob, call)
    values = {
        "Creation-Time": date(blob.created),
        "Last-Modified": date(blob.modified),
        "Etag": blob.etag,
        "Content-Length": str(len(blob.content)),
        "Content-Type": blob.content_type,
        "Content-MD5": blob.md5,
        "BlobType": "BlockBlob",
        "AccessTier": "Hot",
        "LeaseStatus": status,
        "LeaseState": state,
        "ServerEncrypted": "true",
    }
    return f"<Blob><Name>{text(name)}</Name>{properties(values)}{meta(blob.metadata, metadata)}</Blob>"


def properties(values: Mapping[str, str | None]) -> str:
    found = "".join(f"<{tag}>{text(value)}</{tag}>" for tag, value in values.items() if value is not None)
    return f"<Properties>{found}</Properties>"


def meta(values: Mapping[str, str], asked: bool) -> str:
    if not asked:
        return ""
    return f"<Metadata>{''.join(f'<{name}>{text(value)}</{name}>' for name, value in values.items())}</Metadata>"


def text(value: str) -> str:
    """Characters that XML cannot hold would need an encoding of their own."""
    if any(ord(each) < 32 for each in value):
        raise Refusal(501, "NotImplemented", f"this store does not list {value!r}: XML cannot hold it")
    return escape(value)
