"""Every error of the SDKs has a meaning here, by its code and not by its words."""

from __future__ import annotations

import inspect
from datetime import timedelta
from typing import Any

import pytest
from azure.core import exceptions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import StorageErrorCode

from shared.azure.failures import BUSY, FULL, GONE, LOST, judged, translated
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

CLASSES = {
    name: found
    for name, found in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(found, Exception) and found.__module__ == exceptions.__name__
}
MEANINGS = {
    "AzureError": Defect,
    "ClientAuthenticationError": Refused,
    "DecodeError": Transient,
    "DeserializationError": Defect,
    "HttpResponseError": Transient,
    "IncompleteReadError": Transient,
    "ODataV4Error": Transient,
    "ResourceExistsError": Transient,
    "ResourceModifiedError": Transient,
    "ResourceNotFoundError": Transient,
    "ResourceNotModifiedError": Transient,
    "ResponseNotReadError": Defect,
    "SerializationError": Defect,
    "ServiceRequestError": Transient,
    "ServiceRequestTimeoutError": Transient,
    "ServiceResponseError": Transient,
    "ServiceResponseTimeoutError": Transient,
    "StreamClosedError": Defect,
    "StreamConsumedError": Defect,
    "TooManyRedirectsError": Transient,
}
BATCH = {
    "PoolQuotaReached": (409, QuotaFull),
    "ActiveJobAndScheduleQuotaReached": (409, QuotaFull),
    "PoolBeingDeleted": (409, Transient),
    "PoolBeingResized": (409, Transient),
    "PoolBeingCreated": (409, Transient),
    "JobBeingDeleted": (409, Transient),
    "JobBeingTerminated": (409, Transient),
    "OperationInvalidForCurrentState": (409, Transient),
    "InternalError": (500, Transient),
    "OperationTimedOut": (500, Transient),
    "ServerBusy": (503, Throttled),
    "TooManyEnableAutoScaleRequests": (503, Transient),
    "PoolNotFound": (404, Vanished),
    "JobNotFound": (404, Vanished),
    "TaskNotFound": (404, Vanished),
    "ConditionNotMet": (412, Conflict),
    "JobCompleted": (409, Refused),
    "JobDisabled": (409, Refused),
    "PoolExists": (409, Refused),
    "InvalidPropertyValue": (400, Refused),
    "AutoScalingFormulaSyntaxError": (400, Refused),
    "AuthenticationFailed": (403, Refused),
    "RequestBodyTooLarge": (413, Refused),
}
STORAGE = {
    "ContainerBeingDeleted": (409, Transient),
    "QueueBeingDeleted": (409, Transient),
    "PendingCopyOperation": (409, Transient),
    "BlobAlreadyExists": (409, Conflict),
    "InvalidBlockList": (400, Conflict),
    "LeaseAlreadyPresent": (409, Conflict),
    "LeaseIdMissing": (412, Conflict),
    "LeaseLost": (412, Conflict),
    "TargetConditionNotMet": (412, Conflict),
    "SourceConditionNotMet": (412, Vanished),
    "CannotVerifyCopySource": (404, Vanished),
    "BlobNotFound": (404, Vanished),
    "ContainerNotFound": (404, Vanished),
    "BlobArchived": (409, Refused),
    "ContainerAlreadyExists": (409, Refused),
    "InvalidRange": (416, Refused),
    "AuthorizationFailure": (403, Refused),
}


class Asked:
    """An answer whose status never came."""

    status_code = 0
    reason = "none"
    request = "GET /"

    def text(self) -> str:
        return ""


ARGUMENTS: dict[str, tuple[object, ...]] = {
    "ODataV4Error": (Asked(),),
    "ResponseNotReadError": (Asked(),),
    "StreamClosedError": (Asked(),),
    "StreamConsumedError": (Asked(),),
    "TooManyRedirectsError": ([],),
}


class Answer:
    """What an SDK error remembers of the HTTP answer."""

    def __init__(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.status_code = status
        self.reason = "because"
        self.headers = headers or {}
        self.content_type = "application/json"

    def text(self, encoding: str | None = None) -> str:
        return ""


def an_error(status: int, code: str = "", headers: dict[str, str] | None = None) -> HttpResponseError:
    answer: Any = Answer(status, headers)
    error = HttpResponseError("the service said no\nRequestId:1", response=answer)
    error.error_code = code  # type: ignore[attr-defined]  # as the Storage clients do
    return error


def test_no_class_of_azure_core_is_forgotten() -> None:
    """A new kind of error in azure-core fails here before it surprises a job."""
    assert set(CLASSES) == set(MEANINGS)


@pytest.mark.parametrize("name", sorted(MEANINGS))
def test_error_without_an_answer(name: str) -> None:
    """An error that came without an HTTP answer is a lost line, a lost credential, or our own mistake."""
    with pytest.raises(MEANINGS[name]), translated("pool bd-a"):
        raise CLASSES[name](*ARGUMENTS.get(name, ("x",)))


@pytest.mark.parametrize(("code", "expected"), sorted({**BATCH, **STORAGE}.items()))
def test_error_by_its_code(code: str, expected: tuple[int, type[BatchdropError]]) -> None:
    """The service's code decides; the message names thing, code and status, and no more than the first line."""
    status, kind = expected
    found = judged(an_error(status, code), "pool bd-a", "Do this.")
    assert type(found) is kind
    assert str(found) == f"pool bd-a: the service said no [{code} {status}]. Do this."


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (304, Conflict),
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, Vanished),
        (408, Transient),
        (409, Refused),
        (412, Conflict),
        (413, Refused),
        (429, Throttled),
        (500, Transient),
        (501, Unsupported),
        (502, Transient),
        (503, Throttled),
        (504, Transient),
    ],
)
def test_error_without_a_code(status: int, kind: type[BatchdropError]) -> None:
    """An answer without a code is judged by its status."""
    assert type(judged(an_error(status), "x")) is kind


def test_refusal_keeps_code_and_status() -> None:
    """Whoever decides on a refusal sees the service's own code; without one, the status stands for it."""
    found = judged(an_error(400, "InvalidPropertyValue"), "x")
    bare = judged(an_error(400), "x")
    assert isinstance(found, Refused)
    assert isinstance(bare, Refused)
    assert (found.code, found.status, bare.code) == ("InvalidPropertyValue", 400, "HTTP400")


@pytest.mark.parametrize("code", ["APINotImplemented", ""])
def test_unknown_operation_is_not_tried_again(code: str) -> None:
    """A store that does not know an operation is told apart from one that may not, or cannot now."""
    assert type(judged(an_error(501, code), "x")) is Unsupported
    assert type(judged(an_error(403, "CannotVerifyCopySource"), "x")) is Refused


def test_tables_do_not_overlap_and_storage_codes_are_spelt_right() -> None:
    """A code has one meaning, and those of Storage are known to its SDK."""
    tables = [BUSY, FULL, GONE, LOST]
    assert sum(map(len, tables)) == len(frozenset().union(*tables))
    known = {code.value for code in StorageErrorCode}
    assert set(STORAGE) - known <= {"ContainerAlreadyExists"}
    assert LOST - known <= {"UpdateConditionNotSatisfied"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 30),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "86400"}, 600),
        ({"Retry-After": "Mon, 05 Jan 2026 08:00:20 GMT", "Date": "Mon, 05 Jan 2026 08:00:00 GMT"}, 20),
        ({"Retry-After": "Mon, 05 Jan 2026 07:00:00 GMT", "Date": "Mon, 05 Jan 2026 08:00:00 GMT"}, 0),
        ({"Retry-After": "Mon, 05 Jan 2026 08:00:20 GMT"}, 30),
        ({"Retry-After": "soon"}, 30),
    ],
)
def test_delay_is_the_services(headers: dict[str, str], seconds: int) -> None:
    """Retry-After is followed, in either form, up to ten minutes; else half a minute."""
    found = judged(an_error(503, "ServerBusy", headers), "x")
    assert isinstance(found, Transient)
    assert found.delay == timedelta(seconds=seconds)


def test_cause_stays_attached_and_ours_pass_through() -> None:
    """The SDK's error is the cause of ours; an error that is ours already is left as it is."""
    with pytest.raises(Refused) as refused, translated("x"):
        raise an_error(403, "AuthenticationFailed")
    assert isinstance(refused.value.__cause__, HttpResponseError)
    mine = Conflict("mine")
    with pytest.raises(Conflict) as conflict, translated("x"):
        raise mine
    assert conflict.value is mine


def test_foreign_bodies_do_not_fill_the_logs() -> None:
    """A page of text in an error becomes one short line."""
    long = HttpResponseError("a" * 5000 + "\nsecret")
    assert len(str(judged(long, "x"))) < 300
    assert "secret" not in str(judged(long, "x"))
