"""Block blobs put, read, deleted, described."""

import base64
import hashlib
import re
from collections.abc import Mapping

from local.in_process.exchange import Answer
from local.strict_store.call import Call, date, said, versioned
from local.strict_store.conditions import may_read, may_write
from local.strict_store.refusals import Refusal, require
from local.strict_store.state import Blob, Copied

LONGEST_PUT = 5000 * 2**20
LONGEST_NAME = 1024
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


def put(call: Call) -> Answer:
    """A whole blob. Whatever blocks were staged under its name are gone."""
    require(call.headers.get("x-ms-blob-type") == "BlockBlob", 400, "InvalidHeaderValue", "x-ms-blob-type")
    require(len(call.body) <= LONGEST_PUT, 413, "RequestBodyTooLarge", "More than 5000 MiB.")
    own = base64.b64encode(hashlib.md5(call.body, usedforsecurity=False).digest()).decode()
    check_md5(call, own)
    made = write(call, call.body, call.headers.get("x-ms-blob-content-md5", own), {})
    return said(201, {**versioned(made.etag, made.modified), "Content-MD5": own})


def write(
    call: Call, content: bytes, md5: str | None, blocks: Mapping[str, bytes], copied: Copied | None = None
) -> Blob:
    """The blob's next version; checks name, conditions and lease. Uncommitted blocks are discarded."""
    into = call.account.container(call.container)
    require(0 < len(call.blob) <= LONGEST_NAME, 400, "InvalidUri", "A blob's name has 1 to 1024 characters.")
    there = into.blobs.get(call.blob)
    may_write(call, there)
    made = Blob(
        content=content,
        etag=call.account.etag(),
        created=there.created if there else call.now,
        modified=call.now,
        content_type=call.headers.get("x-ms-blob-content-type") or "application/octet-stream",
        md5=md5,
        metadata=call.metadata,
        blocks=blocks,
        lease=there.lease if there else None,
        copied=copied,
    )
    into.blobs[call.blob] = made
    into.staged.pop(call.blob, None)
    return made


def read(call: Call) -> Answer:
    """Whole, or the range asked for; 416 when that begins behind the end."""
    blob = call.account.blob(call.container, call.blob)
    may_read(call, blob)
    wanted = call.headers.get("x-ms-range") or call.headers.get("range")
    if wanted is None:
        return said(200, {**described(blob, call), "Content-MD5": blob.md5}, blob.content)
    start, end = limits(wanted, len(blob.content))
    part = {"Content-Range": f"bytes {start}-{end - 1}/{len(blob.content)}", "x-ms-blob-content-md5": blob.md5}
    piece = blob.content[start:end]
    return said(206, {**described(blob, call), **part, "Content-Length": str(len(piece))}, piece)


def limits(header: str, length: int) -> tuple[int, int]:
    """Where a range begins and ends within so many bytes."""
    found = _RANGE.fullmatch(header)
    if found is None:
        raise Refusal(400, "InvalidHeaderValue", f"the range {header!r} is not bytes=from-to")
    start = int(found[1])
    require(start < length, 416, "InvalidRange", f"The range {header} is not within {length} bytes.")
    end = min(int(found[2]) + 1, length) if found[2] else length
    require(end > start, 416, "InvalidRange", f"The range {header} ends before it begins.")
    return start, end


def show(call: Call) -> Answer:
    blob = call.account.blob(call.container, call.blob)
    may_read(call, blob)
    return said(200, {**described(blob, call), "Content-MD5": blob.md5})


def delete(call: Call) -> Answer:
    blob = call.account.blob(call.container, call.blob)
    may_write(call, blob)
    call.account.number()
    del call.account.container(call.container).blobs[call.blob]
    return said(202)


def set_metadata(call: Call) -> Answer:
    """All of it at once; none clears it. Another version, as with every write."""
    blob = call.account.blob(call.container, call.blob)
    may_write(call, blob)
    blob.metadata = call.metadata
    blob.etag, blob.modified = call.account.etag(), call.now
    return said(200, versioned(blob.etag, blob.modified))


def described(blob: Blob, call: Call) -> dict[str, str | None]:
    """Headers of a blob: version, length, type, lease, copy, metadata."""
    status, state = lease_words(blob, call)
    meta = {f"x-ms-meta-{name}": value for name, value in blob.metadata.items()}
    copied: dict[str, str | None] = {}
    if blob.copied:
        size = len(blob.content)
        copied = {
            "x-ms-copy-id": blob.copied.id,
            "x-ms-copy-source": blob.copied.source,
            "x-ms-copy-status": "success",
            "x-ms-copy-progress": f"{size}/{size}",
            "x-ms-copy-completion-time": date(blob.copied.done),
        }
    return {
        **versioned(blob.etag, blob.modified),
        "Content-Length": str(len(blob.content)),
        "Content-Type": blob.content_type,
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-creation-time": date(blob.created),
        "x-ms-lease-status": status,
        "x-ms-lease-state": state,
        "x-ms-server-encrypted": "true",
        **copied,
        **meta,
    }


def lease_words(blob: Blob, call: Call) -> tuple[str, str]:
    """Status and state."""
    if blob.lease is None:
        return "unlocked", "available"
    if blob.lease.holds(call.now):
        return "locked", "leased"
    return "unlocked", "broken" if blob.lease.broken else "expired"


def check_md5(call: Call, own: str) -> None:
    """What was sent along is what arrived."""
    given = call.headers.get("content-md5", own)
    require(given == own, 400, "Md5Mismatch", "The MD5 value specified in the request did not match.")
