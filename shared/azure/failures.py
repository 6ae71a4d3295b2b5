"""The one door where errors of the SDKs become ours; the cause stays attached.

Judged by the service's error code first, then by the status, never by text:
Throttled    too busy, or too many requests: a Transient that is told where it lasts
Transient    busy, or a thing on its way in or out; the delay is the service's Retry-After where it gives one
QuotaFull    the Batch account has no room
Conflict     a condition did not hold, a lease is another's
Vanished     what was asked for is not there (any more), or not that version
Unsupported  the service does not know the operation
Refused      the rest
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from shared.errors import (
    BatchdropError,
    Conflict,
    Defect,
    QuotaFull,
    Refused,
    Throttled,
    Transient,
    Unsupported,
    Vanished,
)
from shared.veil import VEIL

if TYPE_CHECKING:
    from azure.core.exceptions import HttpResponseError

BUSY = frozenset(
    {
        "AccountBeingCreated",
        "BlobBeingRehydrated",
        "ContainerBeingDeleted",
        "InternalError",
        "JobBeingDeleted",
        "JobBeingTerminated",
        "NodeBeingCreated",
        "NodeBeingReimaged",
        "NodeBeingRebooted",
        "NodeBeingStarted",
        "OperationInvalidForCurrentState",
        "OperationTimedOut",
        "PendingCopyOperation",
        "PoolBeingCreated",
        "PoolBeingDeleted",
        "PoolBeingResized",
        "QueueBeingDeleted",
        "TooManyEnableAutoScaleRequests",
    }
)
FULL = frozenset({"ActiveJobAndScheduleQuotaReached", "PoolQuotaReached"})
LOST = frozenset(
    {
        "BlobAlreadyExists",
        "BlobOverwritten",
        "ConditionNotMet",
        "InvalidBlockList",
        "LeaseAlreadyBroken",
        "LeaseAlreadyPresent",
        "LeaseIdMismatchWithBlobOperation",
        "LeaseIdMismatchWithLeaseOperation",
        "LeaseIdMissing",
        "LeaseIsBreakingAndCannotBeAcquired",
        "LeaseIsBrokenAndCannotBeRenewed",
        "LeaseLost",
        "LeaseNotPresentWithBlobOperation",
        "LeaseNotPresentWithLeaseOperation",
        "TargetConditionNotMet",
        "UpdateConditionNotSatisfied",
    }
)
GONE = frozenset({"SourceConditionNotMet"})
NOT_IMPLEMENTED = 501
DEFAULT_DELAY = timedelta(seconds=30)
LONGEST_DELAY = timedelta(minutes=10)
_SHOWN, _SHOWN_VALUES = 256, 512
_CODE = re.compile("[A-Za-z]{3,40}")


@contextmanager
def translated(thing: str, fix: str = "", *, mute: bool = False) -> Iterator[None]:
    """Inside the block, errors of the SDKs are raised as ours. `thing`: what was asked; `fix`: what a person can do.
    `mute`: nothing of what the service says is repeated, in the cause neither, save its code and status."""
    from azure.core.exceptions import AzureError, DeserializationError, SerializationError

    try:
        yield
    except (AzureError, SerializationError, DeserializationError) as error:
        if mute:
            raise judged(error, thing, fix, mute=True) from None
        raise judged(error, thing, fix) from error


def judged(error: Exception, thing: str, fix: str = "", *, mute: bool = False) -> BatchdropError:
    """What an error of azure-core or of one of its SDKs means for us."""
    from azure.core.exceptions import (
        ClientAuthenticationError,
        HttpResponseError,
        ServiceRequestError,
        ServiceResponseError,
    )

    said = _sentence(error, thing, fix, mute)
    if isinstance(error, HttpResponseError) and status_of(error):
        return _by_answer(error, thing, said)
    if isinstance(error, ClientAuthenticationError):
        return Refused("CredentialUnavailable", 401, said)
    if isinstance(error, (ServiceRequestError, ServiceResponseError, HttpResponseError)):
        return Transient(said, DEFAULT_DELAY)  # no whole answer came: the line, or the end of a body, is missing
    return Defect(said)


def code_of(error: Exception) -> str:
    """The service's error code; empty when the answer carries none."""
    own = getattr(error, "error_code", None) or getattr(getattr(error, "error", None), "code", None)
    return str(getattr(own, "value", own) or "")


def status_of(error: Exception) -> int:
    """The HTTP status; 0 when no answer came."""
    return int(getattr(error, "status_code", None) or 0)


def _by_answer(error: HttpResponseError, thing: str, said: str) -> BatchdropError:
    code, status = code_of(error), status_of(error)
    if code in FULL:
        return QuotaFull(code, said)
    if status == NOT_IMPLEMENTED:
        return Unsupported(code or f"HTTP{status}", status, said)
    if code not in BUSY and (code == "ServerBusy" or status in (429, 503)):
        return Throttled(thing, code or f"HTTP{status}", status, said, delay_of(error))
    if code in BUSY or status == 408 or status >= 500:
        return Transient(said, delay_of(error))
    if code in GONE or status == 404:
        return Vanished(thing, said)
    if code in LOST or status in (304, 412):
        return Conflict(said)
    return Refused(code or f"HTTP{status}", status, said)


def delay_of(error: HttpResponseError) -> timedelta:
    """Retry-After of the answer, as seconds or as a date beside the answer's own Date; at most 10 minutes."""
    headers = getattr(error.response, "headers", {})
    asked = str(headers.get("Retry-After") or "")
    if asked.isdigit():
        return min(timedelta(seconds=int(asked)), LONGEST_DELAY)
    try:
        until, now = parsedate_to_datetime(asked), parsedate_to_datetime(str(headers.get("Date") or ""))
        return min(max(until - now, timedelta(0)), LONGEST_DELAY)
    except (ValueError, TypeError):
        return DEFAULT_DELAY


def _sentence(error: Exception, thing: str, fix: str, mute: bool) -> str:
    """The first line of what the service says, cut: bodies of foreign errors do not belong into logs."""
    told = getattr(error, "error", None)
    words = getattr(told, "message", None) or getattr(error, "message", None) or str(error)
    if mute and getattr(error, "response", None) is not None:
        words = _inner_code(told)
    first = next(iter(VEIL.over(str(words)).splitlines()), "")[:_SHOWN] or type(error).__name__
    first += "" if mute else _values(told)
    known = " ".join(part for part in (code_of(error), str(status_of(error) or "")) if part)
    return f"{thing}: {first}" + (f" [{known}]" if known else "") + (f". {fix}" if fix else "")


def _values(told: object) -> str:
    """What Batch and ARM say besides, such as which property is wrong, and why: their sentence tells neither."""
    named = [(each.code, each.message) for each in getattr(told, "details", None) or () if each.message]
    said = "; ".join(" ".join(f"{name}: {value}".split()) for name, value in named)
    return f" ({VEIL.over(said)[:_SHOWN_VALUES]})" if said else ""


def _inner_code(told: object) -> str:
    """The narrower code below the error's own, where it is a word as codes are; else empty."""
    inner = getattr(told, "innererror", None)
    code = inner.get("code") if isinstance(inner, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
