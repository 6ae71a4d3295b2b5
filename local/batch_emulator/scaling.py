"""Autoscale: samples every 30 s, an evaluation when it is switched on and at each interval after that."""

from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from local.batch_emulator.allocation import resize, staying
from local.batch_emulator.autoscale import Evaluation, FormulaError, check, evaluate
from local.batch_emulator.failures import BatchError
from local.batch_emulator.lifecycle import WORKING
from local.batch_emulator.protocol.moments import parse_span, stamp
from local.batch_emulator.state import Job, Pool, Wire
from local.batch_emulator.world import World

SAMPLE_EVERY = timedelta(seconds=30)
KEPT_SAMPLES = 2880
DEFAULT_INTERVAL = "PT15M"


def accept(formula: str) -> None:
    """Raise the 400 that a formula with a mistake in it is refused with."""
    try:
        check(formula)
    except FormulaError as error:
        raise BatchError(error.code, error.message, 400, **dict(error.values)) from error


def switch_on(world: World, pool: Pool, now: datetime) -> None:
    """Evaluate the pool's formula now, and from now on at each interval."""
    pool.autoscale_enabled = now
    if pool.sample_due is None:
        pool.sample_due = now
    _run(world, pool, now)


def restart_interval(pool: Pool, now: datetime) -> None:
    """Count the interval from now."""
    pool.autoscale_due = now + parse_span(pool.spec.get("autoScaleEvaluationInterval", DEFAULT_INTERVAL))


def switch_off(pool: Pool) -> None:
    """Stop evaluating; the pool keeps its targets."""
    pool.autoscale_due = None
    pool.autoscale_run = None


def advance(world: World, now: datetime) -> None:
    """Take the samples and make the evaluations that are due."""
    for pool in world.account.pools.values():
        if pool.state != "active":
            continue
        _take_samples(world, pool, now)
        if pool.autoscale_due is not None and now >= pool.autoscale_due:
            _run(world, pool, now)


def _take_samples(world: World, pool: Pool, now: datetime) -> None:
    pool.sample_due = pool.sample_due or pool.created
    if now < pool.sample_due:
        return
    values = measure(pool, [job for job in world.account.jobs.values() if job.pool_key == pool.key])
    while pool.sample_due <= now:
        for name, value in values.items():
            pool.samples.setdefault(name, deque(maxlen=KEPT_SAMPLES)).append((pool.sample_due, value))
        pool.sample_due += SAMPLE_EVERY


def measure(pool: Pool, jobs: list[Job]) -> dict[str, float]:
    """Give what is sampled of a pool. Resource use of the nodes is not measured, so it has no samples."""
    live = [job for job in jobs if job.state in ("active", "disabling", "enabling", "disabled", "terminating")]
    active = sum(job.tally.tasks["active"] for job in live if job.state == "active")
    running = sum(len(job.held) for job in live)
    nodes = list(pool.nodes.values())
    count: Callable[[str], float] = lambda state: sum(job.tally.tasks[state] for job in jobs)  # noqa: E731 - one line, one use
    return {
        "$ActiveTasks": active,
        "$RunningTasks": running,
        "$PendingTasks": active + running,
        "$SucceededTasks": count("succeeded"),
        "$FailedTasks": count("failed"),
        "$CurrentDedicatedNodes": sum(node.dedicated for node in pool.nodes.values()),
        "$CurrentLowPriorityNodes": sum(not node.dedicated for node in pool.nodes.values()),
        "$PreemptedNodeCount": sum(node.state == "preempted" for node in nodes),
        "$UsableNodeCount": sum(node.state in WORKING for node in nodes),
        "$SampleNodeCount": sum(node.state in WORKING for node in nodes),
        "$TaskSlotsPerNode": pool.slots,
    }


def _current(pool: Pool) -> Mapping[str, float]:
    return {
        "$CurrentDedicatedNodes": sum(node.dedicated for node in pool.nodes.values()),
        "$CurrentLowPriorityNodes": sum(not node.dedicated for node in pool.nodes.values()),
        "$TargetDedicatedNodes": pool.target_dedicated,
        "$TargetLowPriorityNodes": pool.target_low_priority,
        "$TaskSlotsPerNode": pool.slots,
    }


def trial(world: World, pool: Pool, formula: str, now: datetime) -> tuple[Evaluation | None, Wire]:
    """Evaluate a formula for a pool without acting on it; give what it gave, and the autoScaleRun that tells of it."""
    delay = timedelta(seconds=world.settings.sample_lag_seconds)
    try:
        found = evaluate(formula, pool.samples, now, _current(pool), delay)
    except FormulaError as error:
        values = [{"name": name, "value": value} for name, value in error.values]
        return None, {
            "timestamp": stamp(now),
            "error": {"code": error.code, "message": error.message, "values": values},
        }
    return found, {"timestamp": stamp(now), "results": found.results}


def _run(world: World, pool: Pool, now: datetime) -> None:
    restart_interval(pool, now)
    found, pool.autoscale_run = trial(world, pool, pool.spec["autoScaleFormula"], now)
    if found is None:
        return
    wanted = (found.dedicated, found.low_priority)
    here = (len(staying(pool, dedicated=True)), len(staying(pool, dedicated=False)))
    if wanted != (pool.target_dedicated, pool.target_low_priority) or (pool.allocation == "steady" and wanted != here):
        resize(world, pool, *wanted, found.deallocation, now)
