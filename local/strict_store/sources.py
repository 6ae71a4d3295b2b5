"""Blobs that a request names as its source."""

from urllib.parse import parse_qsl, unquote, urlsplit

from local.strict_store.call import Call
from local.strict_store.conditions import matches
from local.strict_store.refusals import Refusal, require
from local.strict_store.signatures import check_signature
from local.strict_store.state import Blob

_UNVERIFIED = "CannotVerifyCopySource"


def readable_source(call: Call, *, signed: bool) -> Blob:
    """The blob at x-ms-copy-source, a blob of this account. `signed`: the account's key alone does not open it, the
    address must carry a signature of its own."""
    address = urlsplit(call.headers.get("x-ms-copy-source", ""))
    require(address.netloc == call.sent.host, 403, _UNVERIFIED, "The source is not of this account.")
    require("x-ms-copy-source-authorization" not in call.headers, 403, _UNVERIFIED, "No tokens are known here.")
    container, _, name = address.path.lstrip("/").partition("/")
    container, name = unquote(container), unquote(name)
    query = dict(parse_qsl(address.query))
    if signed or "sig" in query:
        require("sig" in query, 403, _UNVERIFIED, "The source is not public, and its address carries no signature.")
        verify(call, container, name, query)
    there = call.account.containers.get(container)
    blob = there.blobs.get(name) if there else None
    if blob is None:
        raise Refusal(404, _UNVERIFIED, "The specified source does not exist.")
    wanted = call.headers.get("x-ms-source-if-match")
    require(wanted is None or matches(wanted, blob), 412, "SourceConditionNotMet", "The source's condition is not met.")
    return blob


def verify(call: Call, container: str, name: str, query: dict[str, str]) -> None:
    """What is wrong with the source's signature is told as the source's."""
    try:
        check_signature(call, "r", container, name, query)
    except Refusal as refusal:
        raise Refusal(404 if refusal.status == 404 else 403, _UNVERIFIED, refusal.message) from refusal
