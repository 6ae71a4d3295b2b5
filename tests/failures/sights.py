"""What can be seen from outside the controller, by the real port: from then on the status owes an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from shared.names import JobId, output_container, side_id
from shared.record import Which
from tests.emulated.ground import EmulatedGround

Sight = Callable[[EmulatedGround, str], bool]


def bad_nodes(ground: EmulatedGround, job: str) -> bool:
    """All nodes are of no use."""
    nodes = ground.world.batch.node_counts(job)
    return nodes.unusable + nodes.start_task_failed > 0 and not nodes.running + nodes.idle + nodes.starting


def bad_node(ground: EmulatedGround, job: str) -> bool:
    """One at least is of no use."""
    nodes = ground.world.batch.node_counts(job)
    return nodes.unusable + nodes.start_task_failed > 0


def resize_error(ground: EmulatedGround, job: str) -> bool:
    pool = ground.world.batch.pool(job)
    return pool is not None and bool(pool.resize_errors)


def autoscale_error(ground: EmulatedGround, job: str) -> bool:
    pool = ground.world.batch.pool(job)
    return pool is not None and pool.autoscale_error is not None


def pool_going(ground: EmulatedGround, job: str) -> bool:
    pool = ground.world.batch.pool(job)
    return pool is None or pool.state == "deleting"


def job_over(ground: EmulatedGround, job: str) -> bool:
    seen = ground.world.batch.job(job)
    return seen is None or seen.state != "active"


def container_gone(ground: EmulatedGround, job: str) -> bool:
    return not ground.world.work.container_exists(output_container(job))


def task_failed(ground: EmulatedGround, job: str) -> bool:
    return ground.world.batch.task_counts(job).failed > 0


def tasks_ended(ground: EmulatedGround, job: str) -> bool:
    counts = ground.world.batch.task_counts(job)
    return counts.completed > 0 and not counts.active + counts.running


def nodes_taken_back(ground: EmulatedGround, job: str) -> bool:
    """Spot nodes are gone, and no other is there."""
    nodes = ground.world.batch.node_counts(job)
    return nodes.preempted > 0 and not nodes.running + nodes.idle + nodes.starting


def tasks_at_work(ground: EmulatedGround, job: str) -> bool:
    return ground.world.batch.task_counts(job).running > 0


def side_useless(which: Which) -> Sight:
    def seen(ground: EmulatedGround, job: str) -> bool:
        return ground.world.batch.node_counts(side_id(JobId(job), which)).unusable > 0

    return seen


def splitter_short(ground: EmulatedGround, job: str) -> bool:
    pool = ground.world.batch.pool(side_id(JobId(job), "splitter"))
    return pool is not None and bool(pool.resize_errors)


def at_once(_ground: EmulatedGround, _job: str) -> bool:
    return True


SIGHTS: dict[str, Sight] = {
    "all nodes unusable": bad_nodes,
    "a node unusable": bad_node,
    "resize error": resize_error,
    "autoscale error": autoscale_error,
    "pool going": pool_going,
    "job over": job_over,
    "container gone": container_gone,
    "task failed": task_failed,
    "tasks ended": tasks_ended,
    "nodes taken back": nodes_taken_back,
    "tasks at work": tasks_at_work,
    "splitter's node unusable": side_useless("splitter"),
    "recombiner's node unusable": side_useless("recombiner"),
    "splitter's pool has a resize error": splitter_short,
    "at once": at_once,
}


def since_accepted(span: timedelta) -> Sight:
    """It can be known once so much time has passed."""

    def passed(ground: EmulatedGround, _job: str) -> bool:
        accepted = ground.record()["accepted"]
        return bool(ground.world.clock.now() >= type(ground.world.clock.now()).fromisoformat(accepted) + span)

    return passed
