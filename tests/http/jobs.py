"""Jobs in every state that HTTP tells of, in a world in memory, and a copy of that world in real storage."""

from __future__ import annotations

from azure.storage.blob import BlobServiceClient

from shared.names import JOBS, RESULTS, STATE, STATUS
from tests.fakes.blobs import MemoryBlobs
from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import RANGE, number

MARKUP = "<script>alert(1)</script>"
LATE = "version: 1\ncontainer: {image: localhost/demo:1}\ninput: {blob: data/late.txt, waitAtMost: PT1H}\n"


def fails(container: Container) -> int:
    container.stderr = MARKUP
    return 1


def some_jobs(ground: Ground) -> dict[str, str]:
    """Ids by what became of them: waits, runs, failed (with something to retry), good, gone (cancelled)."""
    ground.drop(RANGE + "limits: {maxTaskRetryCount: 0}\nfailure: {tolerated: 0}\n", f"{MARKUP}.yaml")
    for _ in range(12):
        ground.round(fails)
    ground.drop(RANGE, "good.yaml")
    ground.drop(LATE, "gone.yaml")
    ground.world.control.put("jobs", "gone.yaml.cancel", b"cancel\n")
    ground.event("gone.yaml.cancel")
    for _ in range(12):
        ground.round(number)
    ground.drop(RANGE + f"labels: {{a: '{MARKUP}'}}\n", "runs.yaml")
    ground.drop(LATE, "waits.yaml")
    for _ in range(3):
        ground.round(number, most=1)
    paths = {"failed": f"{MARKUP}.yaml", "good": "good.yaml", "gone": "gone.yaml", "runs": "runs.yaml"}
    return {name: str(ground.status(path)["jobId"]) for name, path in {**paths, "waits": "waits.yaml"}.items()}


def copied(blobs: MemoryBlobs, storage: BlobServiceClient) -> None:
    """What the controller reads there, with its metadata, into containers of the same names."""
    for container in (JOBS, STATUS, STATE, RESULTS):
        if not blobs.container_exists(container):
            continue
        copy = storage.create_container(container)
        for item in blobs.list(container, metadata=True):
            blob = blobs.read(container, item.name)
            assert blob is not None
            copy.upload_blob(item.name, blob.content, metadata=dict(item.metadata))
