"""Values for tests: a manifest, a record at any stage, in one line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from controller.plan import make_plan
from shared.manifest.models import Compute, ContainerImage, Input, Manifest, Merge, Output, Range, Split
from shared.names import JobId, Owner
from shared.record import InputFact, Key, ManifestRef, Record, SplitCursor

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
JOB = JobId("bd-demo-0123456789ab")


def a_manifest(**changes: Any) -> Manifest:
    """Three numbers, one a task, joined in order."""
    fields: dict[str, Any] = {
        "name": "demo",
        "container": ContainerImage(image="localhost/demo:1", args=("$(BATCHDROP_UNIT_START)",)),
        "input": Input(kind="range", range=Range(stop=3), deliver="environment"),
        "split": Split(),
        "output": Output(name="output"),
        "merge": Merge(by="concat", to="results/{jobId}/{name}{ext}"),
        "compute": Compute(vm_size="Standard_D2s_v5"),
    }
    return Manifest(**(fields | changes))


def a_record(manifest: Manifest | None = None, **facts: Any) -> Record:
    """Just accepted, at NOW."""
    return Record(
        job=JOB,
        owner=Owner("0123456789abcdef"),
        manifest=ManifestRef(path="demo.yaml", etag="0x1", modified=NOW, sha256="00"),
        key=Key(blob="keys/00", explicit=False),
        plan=make_plan(manifest or a_manifest(), JOB, NOW),
        accepted=NOW,
        next_look=NOW,
    ).model_copy(update=facts)


def running_facts(rows: int = 3) -> dict[str, Any]:
    """Everything made and every task added."""
    return {
        "input": InputFact(at=NOW, blobs=0, bytes=0, per_task=1, tasks=rows),
        "admitted": NOW,
        "containers": NOW,
        "expires": NOW + timedelta(days=365),
        "pool": NOW,
        "split": SplitCursor(rows=rows, units=rows, done=NOW),
        "batch_job": NOW,
        "added": rows,
    }


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)
