"""A merge on the real storage protocol."""

from __future__ import annotations

import hashlib
import io
import uuid
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from controller.merge.run import MergeTarget, TaskOutput, merge
from controller.merge.sizes import Sizes
from controller.merge.survey import parts_hash
from local.azurite import Azurite
from shared.azure.blobs import AzureBlobs
from shared.errors import OutOfTime, Refused
from shared.manifest.models import Reduce
from shared.names import RESULTS, JobId, output_container, task_id
from shared.ports import BlobPort, Ports
from shared.record import MergeCursor
from shared.settings import StorageAccount
from tests.fakes.world import make_world
from tests.merge.ground import NOW, merging

pytestmark = pytest.mark.stack


@pytest.fixture
def job() -> JobId:
    return JobId(f"bd-merge-{uuid.uuid4().hex[:12]}")


@pytest.fixture
def ports(azurite: Azurite, job: JobId) -> Iterator[Ports]:
    """The work account is Azurite; the rest is in memory. The job's own containers go with the test."""
    account = AzureBlobs(StorageAccount(connection_string=azurite.connection_string))
    for container in (RESULTS, output_container(job), job):
        account.create_container(container, {"batchdrop_job": job})
    yield replace(make_world(NOW).ports, work=account)
    for container in (output_container(job), job):
        account.delete_container(container)
    account.close()


Put = Callable[[int, str, bytes], TaskOutput]


@pytest.fixture
def put(ports: Ports, job: JobId) -> Put:
    """Leaves an output."""

    def leave(index: int, name: str, content: bytes) -> TaskOutput:
        etag = ports.work.put(output_container(job), f"{task_id(index)}/{name}", content)
        return TaskOutput(index, name, len(content), etag)

    return leave


def read(work: BlobPort, path: str) -> bytes:
    container, _, name = path.partition("/")
    blob = work.read(container, name)
    assert blob is not None
    return blob.content


def test_outputs_are_joined_in_blocks_and_published(ports: Ports, job: JobId, put: Put) -> None:
    """Blocks, metadata, conditional copy, adoption by a second pass, refusal of a changed output."""
    outputs = [b"a" * (9 * 2**20), b"", b"b", b"c" * (4 * 2**20)]
    files = [put(index, "out", content) for index, content in enumerate(outputs)]
    target = MergeTarget(f"results/{job}/x.txt", f"{job}/out/final.txt", "fail")
    committed = merge(job, merging("lines"), lambda: iter(files), target, ports, lambda _: None)
    expected = b"".join(content + b"\n" for content in outputs if content)
    assert read(ports.work, f"{job}/out/final.txt") == expected
    assert (committed.fact.hash, committed.fact.records) == (hashlib.sha256(expected).hexdigest(), 3)
    assert list(ports.work.list(RESULTS, f"{job}/")) == []
    assert merge(job, merging("lines"), lambda: iter(files), target, ports, lambda _: None) == committed
    put(2, "out", b"b")
    elsewhere = MergeTarget(f"results/{job}/y.txt", None, "fail")
    with pytest.raises(Refused, match="t-000002"):
        merge(job, merging("lines"), lambda: iter(files), elsewhere, ports, lambda _: None)


def test_tables_are_reduced_in_levels(ports: Ports, job: JobId, put: Put) -> None:
    """70 outputs: two intermediate tables in the job's output container, one result, a taken name."""
    files = [put(index, "out.csv", b"k,n\na,%d\nb,1\n" % index) for index in range(70)]
    ports.work.put(job, "taken.csv", b"mine")
    manifest = merging("csv", reduce=Reduce(by=("k",), sum=("n",)))
    target = MergeTarget(f"results/{job}/x.csv", f"{job}/taken.csv", "fail")
    committed = merge(job, manifest, lambda: iter(files), target, ports, lambda _: None)
    assert (committed.taken, committed.fact.path) == (True, f"results/{job}/x.csv")
    assert read(ports.work, f"results/{job}/x.csv") == b"k,n\na,2415\nb,70\n"
    assert len(list(ports.work.list(output_container(job), "_merge/"))) == 2


def test_files_are_copied_once(ports: Ports, job: JobId, put: Put) -> None:
    """Names with spaces and umlauts; a stranger's file stays; two tasks with one name are refused."""
    files = [put(index, name, name.encode()) for index, name in enumerate(["a b", "ä/%20", "taken"])]
    ports.work.put(job, "out/taken", b"mine")
    target = MergeTarget(f"results/{job}/x", f"{job}/out/", "fail")
    committed = merge(job, merging("files"), lambda: iter(files), target, ports, lambda _: None)
    assert (committed.fact.blobs, committed.taken) == (3, True)
    found = {item.name: read(ports.work, f"{job}/{item.name}") for item in ports.work.list(job)}
    assert found == {"out/a b": b"a b", "out/taken": b"mine", "out/ä/%20": "ä/%20".encode()}
    more = [*files, put(3, "a b", b"other")]
    with pytest.raises(Refused, match="t-000000 and t-000003 both left a b"):
        merge(job, merging("files"), lambda: iter(more), target, ports, lambda _: None)


SMALL = Sizes(piece=2**20, blocks=4, compose_from=1, lines_from=0, batch=2, beat=1)


@pytest.mark.parametrize("by", ["concat", "lines"])
def test_outputs_are_composed_in_levels_over_passes(by: str, ports: Ports, job: JobId, put: Put) -> None:
    """Each pass ends at its first new cursor: what earlier ones have staged and committed is still there."""
    outputs = [b"a" * 700_000 + b"\n", b"", b"b" * 5, b"c" * 600_000, b"d\n"] * 2
    for index, content in enumerate(outputs):
        put(index, "out", content)
    listed = list(ports.work.list(output_container(job), "t-"))
    files = [TaskOutput(index, "out", item.length, item.etag, item.md5) for index, item in enumerate(listed)]
    target, kept = MergeTarget(f"results/{job}/x.txt", f"{job}/final.txt", "fail"), [MergeCursor()]

    def end(cursor: MergeCursor) -> None:
        if cursor != kept[-1]:
            kept.append(cursor)
            raise OutOfTime

    committed = None
    while committed is None:
        with suppress(OutOfTime):
            committed = merge(job, merging(by), lambda: iter(files), target, ports, end, kept[-1], 10, SMALL)
    newline = b"\n" if by == "lines" else b""
    expected = b"".join(data if data.endswith(b"\n") or not data else data + newline for data in outputs)
    assert read(ports.work, f"{job}/final.txt") == expected
    assert (committed.fact.hash_kind, committed.fact.bytes) == ("parts", len(expected))
    assert committed.fact.hash == parts_hash(files)
    assert len(kept) > 4


def test_an_archive_is_committed_in_blocks(ports: Ports, job: JobId, put: Put) -> None:
    """Read back, it is whole."""
    files = [put(index, f"{index}.bin", bytes([index]) * (3 * 2**20)) for index in range(4)]
    target = MergeTarget(f"results/{job}/x.zip", f"{job}/final.zip", "fail")
    merge(job, merging("zip"), lambda: iter(files), target, ports, lambda _: None)
    archive = zipfile.ZipFile(io.BytesIO(read(ports.work, f"{job}/final.zip")))
    assert archive.testzip() is None
    assert archive.namelist() == [f"{index}.bin" for index in range(4)]
