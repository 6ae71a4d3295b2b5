"""Copy Blob within the account: done when it is answered, as small copies are."""

from local.in_process.exchange import Answer
from local.strict_store.blobs import write
from local.strict_store.call import Call, said, versioned
from local.strict_store.sources import readable_source
from local.strict_store.state import Copied


def copy(call: Call) -> Answer:
    """Content, type and MD5 of the source; its metadata where none is given."""
    source = readable_source(call, signed=False)
    address = call.headers["x-ms-copy-source"].partition("?")[0]
    copied = Copied(f"{call.account.number():032x}", address, call.now)
    made = write(call, source.content, source.md5, source.blocks, copied)
    made.content_type = source.content_type
    made.metadata = call.metadata or dict(source.metadata)
    return said(202, {**versioned(made.etag, made.modified), "x-ms-copy-id": copied.id, "x-ms-copy-status": "success"})
