"""What others have in the same accounts: an operator's pool that jobs may use, and things that are none of ours."""

from __future__ import annotations

from shared.names import OWNER_KEY
from shared.ports import NodeCounts
from tests.contract.batch_ground import a_job, a_pool
from tests.fakes.batch import FakeBatch, FakeJob, FakePool
from tests.fakes.blobs import MemoryBlobs
from tests.hostile.jobs import POOL

SPECS = {
    POOL: a_pool(POOL, slots=2, metadata=(("team", "night shift"),)),
    "bd-theirs-0123456789ab": a_pool("bd-theirs-0123456789ab", metadata=()),
    "others": a_pool("others", metadata=((OWNER_KEY, "fedcba9876543210"),)),
}
JOB = a_job("nightly", POOL, metadata=())
CONTAINER, BLOB = "bd-theirs-0123456789ab-output", "kept.txt"
NODES = NodeCounts(idle=2, total=2)


def settle_in(batch: FakeBatch, work: MemoryBlobs) -> None:
    """Pools by another team and by another deployment, a job, a container whose name is like ours."""
    now = batch.service_time()
    batch.pools |= {name: FakePool(spec, now, "theirs", NODES) for name, spec in SPECS.items()}
    batch.jobs[JOB.id] = FakeJob(JOB, now)
    work.create_container(CONTAINER, {})
    work.put(CONTAINER, BLOB, b"theirs")


def touched(batch: FakeBatch, work: MemoryBlobs) -> list[str]:
    """Those that are not as they were."""
    wrong = []
    for name, spec in SPECS.items():
        pool = batch.pools.get(name)
        if pool is None or (pool.spec, pool.formula, pool.nodes, pool.gone_at) != (spec, "theirs", NODES, None):
            wrong.append(f"pool {name}")
    job = batch.jobs.get(JOB.id)
    if job is None or (job.spec, job.ended_because, job.gone_at, job.most) != (JOB, None, None, None):
        wrong.append(f"job {JOB.id}")
    kept = work.read(CONTAINER, BLOB) if work.container_exists(CONTAINER) else None
    return wrong if kept is not None and kept.content == b"theirs" else [*wrong, f"container {CONTAINER}"]
