"""What a request for many tasks is made of."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from shared.azure.durations import seconds_text
from shared.azure.node_access import SignedAccess, SignedOnce
from shared.azure.task_bodies import task_body
from tests.contract.batch_ground import UNTIL, a_task


class CountingSigner:
    """Signs, and keeps what it was asked."""

    account = "work"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def signed_by_policy(self, container: str, name: str = "") -> str:
        self.asked.append(f"{container}/{name}")
        return f"https://work.invalid/{container}/{name}?signed"

    def signed_read(self, container: str, name: str, until: datetime) -> str:
        self.asked.append(f"{container}/{name} {until}")
        return f"https://work.invalid/{container}/{name}?read"


def test_address_that_tasks_share_is_signed_once() -> None:
    """A hundred tasks that write into one container cost one signature for it, and each still carries it."""
    signer = CountingSigner()
    once = SignedAccess(signer).for_one_request()
    bodies = [task_body(a_task(number), once) for number in range(100)]
    targets = {body["outputFiles"][0]["destination"]["container"]["containerUrl"] for body in bodies}
    assert targets == {"https://work.invalid/bd-a-output/?signed"}
    assert signer.asked.count("bd-a-output/") == 1


def test_different_addresses_stay_different() -> None:
    """Remembering mixes up neither blobs nor ways of signing."""
    signer = CountingSigner()
    once = SignedOnce(signer)
    for _ in range(2):
        assert once.signed_by_policy("data", "a") == signer.signed_by_policy("data", "a")
        assert once.signed_by_policy("data") == signer.signed_by_policy("data")
        assert once.signed_read("data", "a", UNTIL) == signer.signed_read("data", "a", UNTIL)


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(0), "PT0S"),
        (timedelta(seconds=90), "PT90S"),
        (timedelta(days=7), "PT604800S"),
        (timedelta(seconds=1.5), "PT1.5S"),
        (timedelta(microseconds=1), "PT0.000001S"),
    ],
)
def test_spans_are_written_as_seconds(span: timedelta, text: str) -> None:
    """Exactly, however short or long."""
    assert seconds_text(span) == text
