"""Which request is which operation, and what each may carry."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.in_process.exchange import Answer
from local.strict_store import blobs, blocks, containers, copies, leases, listings, queues
from local.strict_store.call import Call
from local.strict_store.refusals import Refusal

_CONDITIONS = "if-match if-none-match"
_WRITE = f"{_CONDITIONS} x-ms-lease-id x-ms-meta-*"
_BLOB = "x-ms-blob-type x-ms-blob-content-type x-ms-blob-content-md5"
_SOURCE = "x-ms-copy-source x-ms-source-if-match"
_PAGES = "prefix marker maxresults include"


@dataclass(frozen=True)
class Operation:
    """`headers` and `query`: what it knows beside what all know. `sas`: the permissions of which a signature needs
    one; empty where only the account's key will do."""

    name: str
    run: Callable[[Call], Answer]
    headers: str = ""
    query: str = ""
    sas: str = ""

    def knows_header(self, name: str) -> bool:
        known = self.headers.split()
        return name in known or ("x-ms-meta-*" in known and name.startswith("x-ms-meta-"))


Table = Mapping[tuple[str, str, str], Operation]
ACCOUNT: Table = {("GET", "", "list"): Operation("ListContainers", listings.list_containers, "", _PAGES)}
CONTAINER: Table = {
    ("PUT", "container", ""): Operation("CreateContainer", containers.create, "x-ms-meta-*"),
    ("GET", "container", ""): Operation("GetContainerProperties", containers.show),
    ("HEAD", "container", ""): Operation("GetContainerProperties", containers.show),
    ("DELETE", "container", ""): Operation("DeleteContainer", containers.delete),
    ("PUT", "container", "metadata"): Operation("SetContainerMetadata", containers.set_metadata, "x-ms-meta-*"),
    ("PUT", "container", "acl"): Operation("SetContainerAcl", containers.set_policies),
    ("GET", "container", "list"): Operation("ListBlobs", listings.list_blobs, "", f"{_PAGES} startFrom", "l"),
}
BLOB: Table = {
    ("PUT", "", ""): Operation("PutBlob", blobs.put, f"{_BLOB} {_WRITE}", "", "cw"),
    ("PUT", "", "copy"): Operation("CopyBlob", copies.copy, f"{_SOURCE} {_WRITE}"),
    ("GET", "", ""): Operation("GetBlob", blobs.read, f"{_CONDITIONS} x-ms-range", "", "r"),
    ("HEAD", "", ""): Operation("GetBlobProperties", blobs.show, _CONDITIONS, "", "r"),
    ("DELETE", "", ""): Operation("DeleteBlob", blobs.delete, f"{_CONDITIONS} x-ms-lease-id", "", "d"),
    ("PUT", "", "metadata"): Operation("SetBlobMetadata", blobs.set_metadata, _WRITE),
    ("PUT", "", "block"): Operation("PutBlock", blocks.put_block, "x-ms-lease-id", "blockid", "cw"),
    ("PUT", "", "block from"): Operation(
        "PutBlockFromURL", blocks.put_block_from, f"{_SOURCE} x-ms-source-range x-ms-lease-id", "blockid"
    ),
    ("PUT", "", "blocklist"): Operation("PutBlockList", blocks.commit, f"{_BLOB} {_WRITE}", "", "cw"),
    ("GET", "", "blocklist"): Operation("GetBlockList", blocks.show_list, "", "blocklisttype", "r"),
    ("PUT", "", "lease"): Operation(
        "LeaseBlob",
        leases.lease,
        "if-match x-ms-lease-action x-ms-lease-id x-ms-lease-duration x-ms-proposed-lease-id x-ms-lease-break-period",
    ),
}
QUEUE: Table = {
    ("PUT", "", ""): Operation("CreateQueue", queues.create, "x-ms-meta-*"),
    ("GET", "", "metadata"): Operation("GetQueueMetadata", queues.show),
    ("DELETE", "", ""): Operation("DeleteQueue", queues.delete),
    ("POST", "messages", ""): Operation("PutMessage", queues.send, "", "visibilitytimeout messagettl"),
    ("GET", "messages", ""): Operation("GetMessages", queues.take, "", "visibilitytimeout numofmessages peekonly"),
    ("PUT", "message", ""): Operation("UpdateMessage", queues.change, "", "visibilitytimeout popreceipt"),
    ("DELETE", "message", ""): Operation("DeleteMessage", queues.remove, "", "popreceipt"),
}


def blob_operation(call: Call) -> Operation:
    """By verb, by what the path names, and by `restype` and `comp`."""
    table = BLOB if call.blob else CONTAINER if call.container else ACCOUNT
    comp = call.query.get("comp", "")
    if table is BLOB and "x-ms-copy-source" in call.headers:
        comp = {"": "copy", "block": "block from"}.get(comp, comp)
    return _found(table, call, call.query.get("restype", ""), comp)


def queue_operation(call: Call) -> Operation:
    """By verb, and by whether the path names the queue, its messages or one of them."""
    rest = "message" if call.blob.startswith("messages/") else call.blob
    return _found(QUEUE, call, rest, call.query.get("comp", ""))


def _found(table: Table, call: Call, rest: str, comp: str) -> Operation:
    operation = table.get((call.sent.method, rest, comp))
    if operation is None:
        asked = f"{call.sent.method} {call.sent.path}?{call.sent.query}"
        raise Refusal(501, "NotImplemented", f"this store does not know {asked}")
    return operation
