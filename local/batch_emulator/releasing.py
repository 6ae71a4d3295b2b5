"""What a job leaves on nodes is cleared when it ends: its release task, wherever its preparation task has run."""

from datetime import datetime

from local.batch_emulator.execution import Outcome
from local.batch_emulator.preparing import stop_preparations
from local.batch_emulator.running import make_launch, overdue, start
from local.batch_emulator.state import Attempt, Job, Node, Running, Wire
from local.batch_emulator.world import World

LONGEST = "PT15M"


def begin_releases(world: World, job: Job, nodes: list[Node], now: datetime) -> None:
    """End a job's preparation tasks, and start its release task on the nodes where one had ended."""
    prepared = [node for node in nodes if node.preparations[job.key].running is None]
    stop_preparations(job, nodes)
    body = job.spec.get("jobReleaseTask")
    if body is None:
        return
    for node in prepared:
        node.releases[job.key] = _begin(world, job, node, body, now)


def _begin(world: World, job: Job, node: Node, body: Wire, now: datetime) -> Running:
    limited = body | {"constraints": {"maxWallClockTime": body.get("maxWallClockTime", LONGEST)}}
    launch = make_launch(world, node, "jobrelease", limited, job, body["id"])
    return start(world, launch, Attempt(), now)


def releasing(world: World, job: Job) -> bool:
    """Whether a release task of the job still runs: until then it neither completes nor vanishes."""
    return any(job.key in node.releases for pool in world.account.pools.values() for node in pool.nodes.values())


def watch(world: World, now: datetime) -> None:
    """Look at every release task; how it ended does not matter to the job."""
    for pool in world.account.pools.values():
        for node in pool.nodes.values():
            for key, running in list(node.releases.items()):
                if _ended(world, running, now) is not None:
                    del node.releases[key]


def _ended(world: World, running: Running, now: datetime) -> Outcome | None:
    return running.handle.poll() or overdue(world, running, now)
