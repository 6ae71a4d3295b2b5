"""What Batch says of a request that it refuses, as people read it."""

from __future__ import annotations

from azure.batch._patch import BatchErrorFormat
from azure.core.exceptions import HttpResponseError

from shared.azure.failures import judged
from tests.edge.test_failures import an_error


def told(values: list[dict[str, str]]) -> HttpResponseError:
    """An error of Batch as its SDK builds it."""
    error = an_error(400)
    sentence = {"lang": "en-US", "value": "The value provided for one of the properties is invalid.\nRequestId:1"}
    error.error = BatchErrorFormat({"code": "InvalidPropertyValue", "message": sentence, "values": values})
    return error


def test_what_batch_finds_wrong_is_told() -> None:
    """Which property, and why: Batch says so beside its sentence, which alone tells nothing."""
    values = [{"key": "PropertyName", "value": "vmSize"}, {"key": "Reason", "value": "not supported\nin this region"}]
    expected = (
        "pool bd-a: The value provided for one of the properties is invalid. "
        "(PropertyName: vmSize; Reason: not supported in this region) [InvalidPropertyValue 400]"
    )
    assert str(judged(told(values), "pool bd-a")) == expected


def test_what_batch_repeats_of_a_request_is_short_and_holds_no_signature() -> None:
    """Values of properties come from what was asked, addresses and all; where nothing may be repeated, none is."""
    error = told(
        [{"key": "PropertyValue", "value": "https://x.blob.core.windows.net/c?sig=abcdefghijk&se=1 " + "a" * 5000}]
    )
    assert "abcdefghijk" not in str(judged(error, "x"))
    assert len(str(judged(error, "x"))) < 900
    assert "blob" not in str(judged(error, "x", mute=True))
