"""Leases of blobs: 15 to 60 seconds, or for ever, by the account's clock."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from local.in_process.exchange import Answer
from local.strict_store.call import Call, said, versioned
from local.strict_store.conditions import NOT_MET, matches
from local.strict_store.refusals import Refusal, require, unknown
from local.strict_store.state import Blob, Lease

INFINITE = -1


def lease(call: Call) -> Answer:
    """What x-ms-lease-action says. Leases change neither ETag nor date."""
    blob = call.account.blob(call.container, call.blob)
    wanted = call.headers.get("if-match")
    require(wanted is None or matches(wanted, blob), 412, "ConditionNotMet", NOT_MET)
    actions = {"acquire": acquire, "renew": renew, "release": release, "break": break_off}
    asked = call.headers.get("x-ms-lease-action", "")
    if asked not in actions:
        raise unknown(f"the lease action {asked!r}")
    call.account.number()
    status, more = actions[asked](call, blob)
    return said(status, {**versioned(blob.etag, blob.modified), **more})


def acquire(call: Call, blob: Blob) -> tuple[int, dict[str, str | None]]:
    """The same id may acquire again; a new id must wait for the end of the old lease."""
    name = named(call.headers.get("x-ms-proposed-lease-id", ""))
    held = blob.lease is not None and blob.lease.holds(call.now)
    mine = blob.lease is not None and blob.lease.id == name and not blob.lease.broken
    require(not held or mine, 409, "LeaseAlreadyPresent", "There is already a lease present.")
    seconds = int(call.headers.get("x-ms-lease-duration", "0"))
    good = seconds == INFINITE or 15 <= seconds <= 60
    require(good, 400, "InvalidHeaderValue", "x-ms-lease-duration is 15 to 60 seconds, or -1.")
    span = None if seconds == INFINITE else timedelta(seconds=seconds)
    blob.lease = Lease(name, span, end(call.now, span))
    return 201, {"x-ms-lease-id": name}


def renew(call: Call, blob: Blob) -> tuple[int, dict[str, str | None]]:
    """One that ran out can be renewed as long as nobody else took it."""
    found = mine(call, blob)
    require(not found.broken, 409, "LeaseIsBrokenAndCannotBeRenewed", "The lease has been broken.")
    found.ends = end(call.now, found.span)
    return 200, {"x-ms-lease-id": found.id}


def release(call: Call, blob: Blob) -> tuple[int, dict[str, str | None]]:
    mine(call, blob)
    blob.lease = None
    return 200, {}


def break_off(call: Call, blob: Blob) -> tuple[int, dict[str, str | None]]:
    """At once with period 0; else when the period, or the rest of the lease, is over."""
    if blob.lease is None:
        raise Refusal(409, "LeaseNotPresentWithLeaseOperation", "There is currently no lease on the blob.")
    period = timedelta(seconds=int(call.headers.get("x-ms-lease-break-period", "0")))
    left = (blob.lease.ends - call.now) if blob.lease.ends else period
    span = max(timedelta(0), min(left, period))
    blob.lease.broken, blob.lease.ends = True, call.now + span
    return 202, {"x-ms-lease-time": str(int(span.total_seconds()))}


def mine(call: Call, blob: Blob) -> Lease:
    """The lease whose id the request gives."""
    given = call.headers.get("x-ms-lease-id", "")
    if blob.lease is None or blob.lease.id != given:
        raise Refusal(409, "LeaseIdMismatchWithLeaseOperation", "The lease ID is not that of the lease.")
    return blob.lease


def named(proposed: str) -> str:
    """The id that the client proposes, or one of the service's own."""
    try:
        return str(UUID(proposed)) if proposed else str(uuid4())
    except ValueError as error:
        raise Refusal(400, "InvalidHeaderValue", "x-ms-proposed-lease-id is no GUID.") from error


def end(now: datetime, span: timedelta | None) -> datetime | None:
    return None if span is None else now + span
