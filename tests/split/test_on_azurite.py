"""A split on the real storage protocol."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from controller.split.listing import freeze
from controller.split.rows import from_lines
from controller.split.run import split
from local.azurite import Azurite
from shared.azure.blobs import AzureBlobs
from shared.errors import Vanished
from shared.names import STATE, JobId, input_container, ledger_shard
from shared.ports import Ports
from shared.record import SplitCursor
from shared.settings import StorageAccount
from tests.fakes.world import make_world
from tests.split.ground import NOW, blobs_manifest, lines_manifest

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


def parts(ports: Ports, job: JobId) -> list[bytes]:
    container = input_container(job)
    found = [ports.work.read(container, item.name) for item in ports.work.list(container)]
    return [blob.content for blob in found if blob]
