"""The rights of a whole job in real storage: given, moved on under a running task, taken away at the verdict."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from controller.steps import finish, rights, start
from controller.steps.work import Work
from local.azurite import Azurite
from shared.azure.blobs import AzureBlobs
from shared.names import EXPIRES_KEY, KEEP, JobId, input_container, output_container
from shared.record import Record
from shared.settings import StorageAccount
from tests.builders import a_record, running_facts
from tests.contract.test_signed_addresses import get, put, refused
from tests.fakes.world import make_world

pytestmark = pytest.mark.stack


@pytest.fixture
def work(azurite: Azurite) -> Iterator[Work]:
    """The work account is Azurite, and so is the time."""
    now = datetime.now(UTC)
    account = AzureBlobs(StorageAccount(connection_string=azurite.connection_string), key=lambda: azurite.key)
    yield Work(replace(make_world(now).ports, work=account), now, (), lambda _: None)
    account.close()


@pytest.fixture
def record(work: Work) -> Iterator[Record]:
    """A job whose containers were made, with rights that have lapsed since."""
    job = JobId(f"bd-rights-{uuid.uuid4().hex[:12]}")
    facts = running_facts() | {"job": job, "expires": work.now - timedelta(minutes=1)}
    made = a_record(**facts)
    for name in (input_container(job), output_container(job)):
        work.ports.work.create_container(name, rights.container_marks(made))
    rights.grant(made, work)
    work.ports.work.put(input_container(job), KEEP, b"input")
    yield made
    for name in (input_container(job), output_container(job)):
        work.ports.work.delete_container(name)


def writable(address: str, name: str) -> bool:
    base, _, signature = address.partition("?")
    try:
        return put(f"{base}/{name}?{signature}", b"output") == 201
    except urllib.error.HTTPError as error:
        with error:
            return error.code != 403


def test_what_a_task_was_given_is_good_again_once_moved_on_and_dead_after_the_verdict(
    work: Work, record: Record
) -> None:
    """The same addresses, as they stand in a task that was added long ago, all the way."""
    blobs = work.ports.work
    reads = blobs.signed_by_policy(input_container(record.job), KEEP)
    writes = blobs.signed_by_policy(output_container(record.job))
    assert (refused(reads), writable(writes, "a")) == (True, False)
    moved = record.model_copy(update={"expires": work.now + timedelta(days=7)})
    rights.renew(moved, work)
    assert (get(reads), writable(writes, "a")) == (b"input", True)
    finish.end_job(moved, work)
    assert (refused(reads), writable(writes, "b")) == (True, False)


def test_renewing_moves_on_the_marks_of_the_containers(work: Work, record: Record) -> None:
    """Their metadata names the new date, and still the owner and the job."""
    rights.renew(record.model_copy(update={"expires": datetime(2031, 1, 2, 3, 4, 5, tzinfo=UTC)}), work)
    found = list(work.ports.work.list_containers(record.job))
    assert [dict(each.metadata)[EXPIRES_KEY] for each in found] == ["2031-01-02T03:04:05Z"] * 2
    assert all(each.metadata["batchdrop_job"] == record.job for each in found)


def test_tasks_may_not_write_what_others_read(work: Work, record: Record) -> None:
    """Neither the input container can be written to, nor the output container read, by what a task holds."""
    moved = record.model_copy(update={"expires": work.now + timedelta(days=7)})
    start.make_containers(moved, work)
    blobs = work.ports.work
    assert not writable(blobs.signed_by_policy(input_container(record.job)), "planted")
    assert writable(blobs.signed_by_policy(output_container(record.job)), "a")
    assert refused(blobs.signed_by_policy(output_container(record.job), "a"))


def test_containers_carry_the_labels_of_the_manifest(work: Work, record: Record) -> None:
    """As pools and jobs do; a header has no room for blanks around a value, nor for an empty one."""
    labels = {"team": " genomics; 50% ", "cost_centre": "~7", "empty": ""}
    manifest = record.plan.manifest.model_copy(update={"labels": labels})
    plan = record.plan.model_copy(update={"manifest": manifest})
    labelled = record.model_copy(update={"plan": plan, "expires": work.now + timedelta(days=7)})
    rights.renew(labelled, work)
    for each in work.ports.work.list_containers(record.job):
        assert {name: each.metadata.get(name) for name in labels} == {
            "team": "genomics; 50%",
            "cost_centre": "~7",
            "empty": None,
        }
