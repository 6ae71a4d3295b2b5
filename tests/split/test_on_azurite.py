"""A split on the real storage protocol."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from controller.split.listing import freeze
from controller.split.rows import from_lines
from controller.split.run import split
from local.azurite import Azurite
from shared.azure.blobs import AzureBlobs
from shared.errors import Unsupported, Vanished
from shared.names import STATE, JobId, input_container, ledger_shard
from shared.ports import Ports
from shared.record import SplitCursor
from shared.settings import StorageAccount
from tests.fakes.world import make_world
from tests.split.ground import NOW, blobs_manifest, lines_manifest
from tests.split.test_two_ways import CASES, in_memory

pytestmark = pytest.mark.stack


@pytest.fixture
def job() -> JobId:
    return JobId(f"bd-split-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def ports(azurite: Azurite, job: JobId) -> Iterator[Ports]:
    """Both accounts are one Azurite; the rest is in memory. The containers of the test go with it."""
    account = AzureBlobs(StorageAccount(connection_string=azurite.connection_string))
    for container in (STATE, input_container(job), job):
        account.create_container(container, {"batchdrop_job": job})
    yield replace(make_world(NOW).ports, control=account, work=account)
    for container in (input_container(job), job):
        account.delete_container(container)
    account.close()


def test_a_blob_is_cut_and_resumed(ports: Ports, job: JobId) -> None:
    """A part in blocks and small ones; a pass that begins at the second row ends with the same ledger."""
    data = (b"x" * 1023 + b"\n") * 9000 + b"the end"
    ports.work.put(job, "in.txt", data)
    manifest = lines_manifest(units_per_task=6000)
    manifest = manifest.model_copy(update={"input": manifest.input.model_copy(update={"blob": f"{job}/in.txt"})})
    source = freeze(job, manifest, None, ports, NOW)
    cursor = split(job, manifest, source, SplitCursor(), ports, lambda _: None)
    assert (cursor.rows, cursor.units, cursor.offset) == (2, 9001, len(data))
    assert parts(ports, job) == [data[: 6000 * 1024], data[6000 * 1024 :]]
    again = split(job, manifest, source, SplitCursor(rows=1, units=6000, offset=6000 * 1024), ports, lambda _: None)
    assert again == cursor
    ledger = ports.control.read(STATE, ledger_shard(job, 0))
    assert ledger is not None
    assert [row.units for row in from_lines(ledger.content)] == [6000, 3001]
    ports.work.put(job, "in.txt", b"changed")
    with pytest.raises(Vanished):
        split(job, manifest, source, SplitCursor(), ports, lambda _: None)


def test_a_list_is_frozen_and_read(ports: Ports, job: JobId) -> None:
    """Names with spaces, umlauts and percent signs go through listing, list file and ledger unchanged."""
    for name in ("a b", "ä%20", "z/deep"):
        ports.work.put(job, name, b"1")
    manifest = blobs_manifest(f"{job}/**", name="{path}", per_task=2)
    source = freeze(job, manifest, None, ports, NOW)
    assert (source.blobs, source.bytes, source.first, source.last) == (3, 3, f"{job}/a b", f"{job}/ä%20")
    assert freeze(job, manifest, None, ports, NOW) == source
    assert split(job, manifest, source, SplitCursor(), ports, lambda _: None).rows == 2
    assert [part.count(b"\n") for part in parts(ports, job)] == [2, 1]


class Uncutting:
    """The same account, as a store that does not know Put Block From URL."""

    def __init__(self, account: Any) -> None:
        self._account = account

    def __getattr__(self, name: str) -> Any:
        return getattr(self._account, name)

    def stage_from(self, *_: Any) -> None:
        raise Unsupported("APINotImplemented", 501, "not here")


@pytest.mark.parametrize("case", ["lines by tasks", "lines in blocks", "csv by small reads", "csv", "gzip"])
def test_both_ways_give_the_same_bytes(ports: Ports, job: JobId, case: str) -> None:
    """Made by the real store, with an address signed for it, and streamed: equal to the byte, as on ports in memory."""
    manifest, blob = CASES[case]
    name = "in ä+.txt"
    ports.work.put(job, name, blob)
    manifest = manifest.model_copy(update={"input": manifest.input.model_copy(update={"blob": f"{job}/{name}"})})
    work: Any = Uncutting(ports.work)
    found = []
    for way in (ports, replace(ports, work=work)):
        source = freeze(job, manifest, None, way, NOW)
        found.append((split(job, manifest, source, SplitCursor(), way, lambda _: None), parts(ports, job)))
        for item in ports.work.list(input_container(job)):
            ports.work.delete(input_container(job), item.name)
    assert found[0] == found[1]
    assert found[0][1] == in_memory(*CASES[case])


def test_a_source_that_changes_is_told_from_other_refusals(ports: Ports, job: JobId) -> None:
    """A newer version: Vanished, from the store's own check of the version it makes blocks from."""
    manifest, blob = CASES["lines by tasks"]
    ports.work.put(job, "in.txt", blob)
    manifest = manifest.model_copy(update={"input": manifest.input.model_copy(update={"blob": f"{job}/in.txt"})})
    source = freeze(job, manifest, None, ports, NOW)
    ports.work.put(job, "in.txt", blob)
    with pytest.raises(Vanished) as caught:
        split(job, manifest, source, SplitCursor(), ports, lambda _: None)
    assert caught.value.thing == f"{job}/in.txt"


def parts(ports: Ports, job: JobId) -> list[bytes]:
    container = input_container(job)
    found = [ports.work.read(container, item.name) for item in ports.work.list(container)]
    return [blob.content for blob in found if blob]
