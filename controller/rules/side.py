"""Rows for the user's own splitter and recombiner: job with one task, pool, end, deletion. Pure."""

from __future__ import annotations

from datetime import datetime

from controller.rules import reimaging, side_pool
from controller.rules.case import Case, Decision, Row, verdict_without_rows
from controller.rules.ending import ask, awaits_merge
from controller.side import longest_run, runs_recombiner, runs_splitter
from shared.actions import CreateSidePool, DropSide, JudgeSide, ReimageNodes, RepeatSide, StartSide
from shared.codes import Code
from shared.record import Failure, Record, Side, Which

BOTH: tuple[Which, ...] = ("splitter", "recombiner")


def run_splitter(case: Case) -> Decision | None:
    record = case.record
    if not runs_splitter(record.plan.manifest) or record.split.done is not None:
        return None
    if record.splitter.failure is not None:
        verdict = verdict_without_rows(record, case.now, record.splitter.failure, "failed")
        return case.go(verdict=verdict)
    return run(case, "splitter", record.splitter)


def run_recombiner(case: Case) -> Decision | None:
    record = case.record
    if not runs_recombiner(record.plan.manifest) or not awaits_merge(record) or not record.split.rows:
        return None
    if record.recombiner.failure is not None:
        return case.go(merge_failed=record.recombiner.failure)
    return run(case, "recombiner", record.recombiner)


def run(case: Case, which: Which, side: Side) -> Decision | None:
    """The next step of a run that is not over; None once it is, and its deletion asked for."""
    if side.ended is not None:
        return drop(case, which) if side.dropped is None else None
    if side.job is None:  # before its pool, whose node would be paid for while the account takes no more jobs
        return go(case, which, StartSide(which), job=case.now)
    if side.pool is None and case.seen.side_job is not None:
        return go(case, which, CreateSidePool(which), pool=case.now)
    again = reimage(case, which, side)
    if again is not None:
        return again
    failure = lost(case, which, side) or side_pool.useless(case, which)
    if failure is not None:
        return go(case, which, None, ended=case.now, failure=failure)
    if case.seen.side_ended:
        return go(case, which, RepeatSide(which), repeat=False) if side.repeat else go(case, which, JudgeSide(which))
    seen = side.model_copy(update={"node": side.node or (case.now if side_pool.has_node(case) else None)})
    waits = side_pool.waiting(case, which, gives_up(case, side))
    return case.wait(case.shortest, None, waiting=waits, **{which: seen})


def reimage(case: Case, which: Which, side: Side) -> Decision | None:
    """Its node could not fetch the reference data: as with a job's own nodes."""
    nodes = side_pool.nodes_of(case, side)
    noted = reimaging.with_new(nodes)
    if noted is not None:
        return go(case, which, None, reimaged=noted)
    due = reimaging.due(nodes)
    if not due:
        return None
    waits = side_pool.waiting(case, which, gives_up(case, side))
    return case.wait(case.shortest, ReimageNodes(due, which), waiting=waits)


def gives_up(case: Case, side: Side) -> datetime | None:
    """All its runs, each as long as may be, and the wait for a node."""
    manifest = case.record.plan.manifest
    return None if side.job is None else side.job + longest_run(manifest) + manifest.limits.queue_timeout


def lost(case: Case, which: Which, side: Side) -> Failure | None:
    """Why it will never end well: something is gone, or it takes too long."""
    code = Code.SPLIT if which == "splitter" else Code.MERGE
    next_step = "Drop the manifest again."
    if case.seen.side_pool is None or case.seen.side_job is None:
        return Failure(code=code, message=f"The pool or job of the {which} was deleted while it ran.", next=next_step)
    until = gives_up(case, side)
    if until is not None and case.now > until:
        return Failure(code=code, message=f"The {which} did not end in time.", next="Raise limits.taskTimeout.")
    return None


def drop_splitter(case: Case) -> Decision | None:
    """A job that ended before its splitter did."""
    side = case.record.splitter
    return drop(case, "splitter") if side.made and side.dropped is None else None


def prove_sides_gone(case: Case) -> Decision | None:
    which = next_to_go(case.record)
    if which is None:
        return None
    if case.seen.side_pool is None and case.seen.side_job is None:
        return go(case, which, None, gone=case.now)
    return ask(case, DropSide(which), f"pool or job of the {which}")


def next_to_go(record: Record) -> Which | None:
    """The first one that was made and is not proved gone."""
    return next((which for which in BOTH if side(record, which).made and not side(record, which).gone), None)


def of_interest(record: Record) -> Which | None:
    """Which of them a pass should look at."""
    if record.final is not None:
        return next_to_go(record)
    which: Which = "splitter" if record.verdict is None else "recombiner"
    found = side(record, which)
    return which if found.job is not None and found.ended is None else None


def side(record: Record, which: Which) -> Side:
    return record.splitter if which == "splitter" else record.recombiner


def drop(case: Case, which: Which) -> Decision:
    return go(case, which, DropSide(which), dropped=case.now)


def go(
    case: Case,
    which: Which,
    action: CreateSidePool | StartSide | JudgeSide | RepeatSide | DropSide | None,
    **facts: object,
) -> Decision:
    """Do it, with the facts noted on that side."""
    return case.go(action, **{which: side(case.record, which).model_copy(update=facts)})


SPLITTER = Row(
    "run splitter", "split.by is container and there are no parts", "run it once", "splitter's facts", run_splitter
)
RECOMBINER = Row(
    "run recombiner", "merge.by is container, no outcome", "run it once", "recombiner's facts", run_recombiner
)
LEAVE = Row("drop splitter", "the job ended before its splitter", "ask for its deletion", "dropped", drop_splitter)
PROVE = Row(
    "prove sides gone", "a splitter's or recombiner's pool or job is there", "ask again", "gone", prove_sides_gone
)
