"""Blocks staged and committed, with the service's rules about their ids, their number and their sources."""

import base64
import binascii
import hashlib
from collections.abc import Iterator, Mapping

from local.in_process.exchange import Answer
from local.strict_store.blobs import check_md5, limits, write
from local.strict_store.call import Call, document, said, versioned
from local.strict_store.conditions import may_pass
from local.strict_store.containers import xml
from local.strict_store.refusals import Refusal, require
from local.strict_store.sources import readable_source
from local.strict_store.state import Staged

LONGEST_BLOCK = 4000 * 2**20
LONGEST_ID = 64
MOST_BLOCKS = 50_000
MOST_STAGED = 100_000


def put_block(call: Call) -> Answer:
    """Bytes of the request as a block."""
    require(call.body, 400, "InvalidHeaderValue", "Content-Length: a block is not empty.")
    own = base64.b64encode(hashlib.md5(call.body, usedforsecurity=False).digest()).decode()
    check_md5(call, own)
    stage(call, call.body)
    return said(201, {"Content-MD5": own})


def put_block_from(call: Call) -> Answer:
    """A range of another blob as a block. It lies within that blob and is not empty."""
    require(not call.body, 400, "InvalidHeaderValue", "Content-Length: the source is named, not sent.")
    source = readable_source(call, signed=True)
    content = source.content
    if "x-ms-source-range" in call.headers:
        asked = call.headers["x-ms-source-range"]
        start, end = limits(asked, len(content))
        require(asked == f"bytes={start}-{end - 1}", 416, "InvalidRange", f"{asked} goes beyond {len(content)} bytes.")
        content = content[start:end]
    require(content, 400, "InvalidHeaderValue", "x-ms-source-range: a block is not empty.")
    stage(call, content)
    return said(201, {"Content-MD5": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()})


def stage(call: Call, content: bytes) -> None:
    """Ids are base64 of at most 64 bytes, all of one length; 100,000 of a blob wait at most."""
    into = call.account.container(call.container)
    may_pass(call, into.blobs.get(call.blob))
    name = call.query.get("blockid", "")
    check_id(name)
    require(len(content) <= LONGEST_BLOCK, 413, "RequestBodyTooLarge", "A block has 4000 MiB at most.")
    waiting = call.account.staged(call.container, call.blob)
    lengths = {len(each) for each in waiting} - {len(name)}
    require(not lengths, 400, "InvalidBlobOrBlock", "The ids of a blob's blocks have one length.")
    require(name in waiting or len(waiting) < MOST_STAGED, 409, "BlockCountExceedsLimit", "100,000 blocks wait.")
    call.account.number()
    staged = into.staged.setdefault(call.blob, Staged(call.now))
    staged.blocks[name], staged.last = content, call.now


def check_id(name: str) -> None:
    try:
        plain = base64.b64decode(name, validate=True)
    except binascii.Error as error:
        raise Refusal(400, "InvalidQueryParameterValue", f"blockid {name!r} is not base64") from error
    require(0 < len(plain) <= LONGEST_ID, 400, "InvalidQueryParameterValue", f"blockid has not 1 to {LONGEST_ID} bytes")


def commit(call: Call) -> Answer:
    """The blob is exactly these blocks; the others are gone."""
    listed = list(xml(call.body))
    require(len(listed) <= MOST_BLOCKS, 400, "BlockListTooLong", f"More than {MOST_BLOCKS} blocks.")
    there = call.account.container(call.container).blobs.get(call.blob)
    committed = there.blocks if there else {}
    waiting = call.account.staged(call.container, call.blob)
    places = {"Committed": (committed,), "Uncommitted": (waiting,), "Latest": (waiting, committed)}
    used: list[tuple[str, bytes]] = []
    for item in listed:
        require(item.tag in places, 400, "InvalidXmlNodeValue", f"<{item.tag}> is no kind of block.")
        found = next((place[item.text] for place in places[item.tag] if item.text and item.text in place), None)
        if item.text is None or found is None:
            raise Refusal(400, "InvalidBlockList", f"The block {item.text} is not there.")
        used.append((item.text, found))
    content = b"".join(block for _, block in used)
    made = write(call, content, call.headers.get("x-ms-blob-content-md5"), dict(used))
    return said(201, versioned(made.etag, made.modified))


def show_list(call: Call) -> Answer:
    """Committed blocks, uncommitted ones, or all."""
    asked = call.query.get("blocklisttype", "committed")
    there = call.account.container(call.container).blobs.get(call.blob)
    waiting = call.account.staged(call.container, call.blob)
    require(there or waiting, 404, "BlobNotFound", "The specified blob does not exist.")
    parts = {"CommittedBlocks": there.blocks if there else {}, "UncommittedBlocks": waiting}
    shown = {tag: blocks for tag, blocks in parts.items() if asked in ("all", tag.removesuffix("Blocks").lower())}
    body = "".join(f"<{tag}>{''.join(rows(blocks))}</{tag}>" for tag, blocks in shown.items())
    return document(
        f"<BlockList>{body}</BlockList>", {"x-ms-blob-content-length": str(len(there.content) if there else 0)}
    )


def rows(blocks: Mapping[str, bytes]) -> Iterator[str]:
    for name, content in blocks.items():
        yield f"<Block><Name>{name}</Name><Size>{len(content)}</Size></Block>"
