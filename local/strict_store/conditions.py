"""If-Match and If-None-Match, and the lease that a write must name."""

from local.strict_store.call import Call
from local.strict_store.refusals import Refusal, require
from local.strict_store.state import Blob

NOT_MET = "The condition specified using HTTP conditional header(s) is not met."


def may_read(call: Call, blob: Blob) -> None:
    """304 where the reader has it already, 412 where it is another version."""
    if "if-none-match" in call.headers and matches(call.headers["if-none-match"], blob):
        raise Refusal(304, "ConditionNotMet", NOT_MET)
    require("if-match" not in call.headers or matches(call.headers["if-match"], blob), 412, "ConditionNotMet", NOT_MET)


def may_write(call: Call, blob: Blob | None) -> None:
    """Conditions first, then the lease. `blob` None: there is none yet."""
    wanted, unwanted = call.headers.get("if-match"), call.headers.get("if-none-match")
    require(wanted is None or (blob and matches(wanted, blob)), 412, "ConditionNotMet", NOT_MET)
    if unwanted is not None and blob is not None and matches(unwanted, blob):
        if unwanted == "*":
            raise Refusal(409, "BlobAlreadyExists", "The specified blob already exists.")
        raise Refusal(412, "ConditionNotMet", NOT_MET)
    may_pass(call, blob)


def may_pass(call: Call, blob: Blob | None) -> None:
    """A leased blob is written by who names the lease; who names one must have it."""
    given = call.headers.get("x-ms-lease-id")
    lease = blob.lease if blob else None
    held = lease is not None and lease.holds(call.now)
    if given is None:
        require(not held, 412, "LeaseIdMissing", "There is currently a lease on the blob and no lease ID was given.")
        return
    require(lease is not None, 412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob.")
    assert lease is not None
    require(held, 412, "LeaseLost", "A lease ID was specified, but the lease for the blob has expired.")
    require(given == lease.id, 412, "LeaseIdMismatchWithBlobOperation", "The lease ID is not that of the lease.")


def matches(condition: str, blob: Blob) -> bool:
    """`*`, or one ETag, with quotes as in headers or without."""
    return condition == "*" or condition.strip('"') == blob.etag
