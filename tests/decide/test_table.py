"""The table: given a record and a picture, which row, which action, which facts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.budget import Pace
from controller.decide import CLOSING, ENDING, OPEN, STARTING, decide
from controller.picture import InputSeen, Line, Picture
from controller.rules import keeping, running, stopping
from controller.rules.case import Decision
from shared import actions as act
from shared.manifest.models import Compute, Input, Limits, Tolerance
from shared.ports import JobSeen, NodeCounts, NodeError, PoolSeen, Quotas, TaskCounts
from shared.record import Canary, Counts, Failure, InputFact, Merged, Plan, Record, Retry, SplitCursor, Verdict
from tests.builders import JOB, NOW, a_manifest, a_record, later, running_facts

POOL = PoolSeen(JOB, "active", 1, 1, (), None, {})
ACTIVE = JobSeen(JOB, "active", None, {})
THERE = Picture(pool=POOL, job=ACTIVE, nodes=NodeCounts(idle=1, total=1))
NO_IMAGE = NodeError("n1", "unusable", "ContainerInvalidImage", "manifest unknown")
NO_DATA = NodeError("n1", "preparationfailed", "BlobDownloadMiscError", "no answer", "servererror", None, NOW)
BLOBS = Input(kind="blobs", blobs="data/*.txt")


def ask(record: Record, seen: Picture, **span: float) -> Decision:
    return decide(record, seen, later(**span), Pace())


def a_verdict(state: Any = "succeeded", **facts: Any) -> Verdict:
    return Verdict(at=NOW, state=state, outcome="o", tasks=Counts(), units=Counts(), tasks_succeeded=3, **facts)


def merged() -> Merged:
    return Merged(
        at=NOW, path="results/x", blobs=1, bytes=1, etag="0x2", hash_kind="sha256", hash="00", records=None, by="concat"
    )


def a_plan(**changes: Any) -> Plan:
    return a_record(a_manifest(**changes)).plan


RUNNING = running_facts()
TRYING = RUNNING | {"added": 1, "plan": a_plan(canary=True), "canary": Canary(sent=NOW)}
OPENED = Canary(sent=NOW, passed=NOW, opened=NOW)
SHARED = {"plan": a_record(a_manifest(compute=Compute(vm_size="", pool="night", spot=False))).plan}
NIGHT = PoolSeen("night", "active", 1, 1, (), None, {}, slots=4)
OVER = RUNNING | {"verdict": a_verdict(), "job_ended": NOW, "evidence": NOW, "pool_deletion_asked": NOW}
MERGED = OVER | {"merged": merged()}
FINAL = MERGED | {"final": NOW}
GONE = FINAL | {"job_gone": NOW, "pool_gone": NOW}

IN_NIGHT = replace(THERE, pool=NIGHT)
CASES: list[tuple[str, dict[str, Any], Picture, type | None, dict[str, float]]] = [
    # the row, the facts, the picture, the action, minutes after acceptance
    ("cancelled", {}, Picture(cancel=True), None, {}),
    ("cancelled", RUNNING, replace(THERE, cancel=True), act.Settle, {}),
    ("out of time", RUNNING, THERE, act.Settle, {"days": 7}),
    ("queued too long", RUNNING, THERE, act.Settle, {"days": 2}),
    ("lost", RUNNING, replace(THERE, job=None), act.Settle, {}),
    ("lost", RUNNING, replace(THERE, pool=None), act.Settle, {}),
    ("lost", RUNNING, replace(THERE, input_container=False), act.Settle, {}),
    ("lost", RUNNING | {"batch_job": None}, replace(THERE, output_container=False), None, {}),
    ("ended otherwise", RUNNING, replace(THERE, job=JobSeen(JOB, "completed", "UserTerminate", {})), act.Settle, {}),
    ("freeze input", {}, Picture(input=InputSeen(ready=True)), act.FreezeInput, {}),
    ("paused", {"input": RUNNING["input"]}, Picture(paused=True), None, {}),
    ("never fits", {"input": RUNNING["input"]}, Picture(quotas=Quotas(pools=0)), None, {}),
    ("day used up", {"input": RUNNING["input"]}, Picture(hours=10.0, most_hours=10.0), None, {}),
    ("admit", {"input": RUNNING["input"]}, Picture(quotas=Quotas(pools=1), hours=9.9, most_hours=10.0), None, {}),
    ("admit", {"input": RUNNING["input"]}, Picture(), None, {}),
    ("admit", {"input": RUNNING["input"]}, Picture(line=Line(("bd-other",))), None, {}),
    ("make containers", {"input": RUNNING["input"], "admitted": NOW}, Picture(), act.MakeContainers, {}),
    (
        "create job",
        {k: RUNNING[k] for k in ("input", "admitted", "containers", "expires")},
        Picture(),
        act.CreateJob,
        {},
    ),
    (
        "create pool",
        {k: RUNNING[k] for k in ("input", "admitted", "containers", "expires", "batch_job")},
        Picture(job=THERE.job),
        act.CreatePool,
        {},
    ),
    ("admit", SHARED | {"input": RUNNING["input"]}, Picture(line=Line(("bd-other",), NOW)), None, {}),
    ("join pool", SHARED | {"input": RUNNING["input"], "admitted": NOW}, Picture(pool=NIGHT), None, {}),
    ("join pool", SHARED | {"input": RUNNING["input"], "admitted": NOW}, Picture(), None, {}),
    ("share slots", SHARED | RUNNING, replace(THERE, pool=NIGHT, share=2), act.LimitTasks, {}),
    ("share slots", SHARED | RUNNING | {"share": 2}, replace(THERE, pool=NIGHT), act.LimitTasks, {}),
    ("running", SHARED | RUNNING | {"share": 2}, replace(THERE, pool=NIGHT, share=2), None, {}),
    ("lost", SHARED | RUNNING, replace(THERE, pool=replace(NIGHT, state="deleting")), act.Settle, {}),
    (
        "nothing to run",
        {k: RUNNING[k] for k in ("input", "admitted", "containers", "expires", "split")}
        | {"retry": Retry(of=(JOB,), kept=3)},
        Picture(),
        act.Settle,
        {},
    ),
    (
        "create pool",
        {k: RUNNING[k] for k in ("input", "admitted", "containers", "expires", "split", "batch_job")}
        | {"retry": Retry(of=(JOB,), kept=2)},
        Picture(job=THERE.job),
        act.CreatePool,
        {},
    ),
    ("split input", RUNNING | {"split": SplitCursor()}, THERE, act.SplitInput, {}),
    ("split input", SHARED | RUNNING | {"split": SplitCursor(), "batch_job": None}, IN_NIGHT, act.SplitInput, {}),
    ("create job", SHARED | RUNNING | {"batch_job": None}, IN_NIGHT, act.CreateJob, {}),
    ("renew rights", RUNNING | {"expires": NOW + timedelta(days=6)}, THERE, act.RenewRights, {}),
    ("renew rights", RUNNING | {"expires": None}, THERE, act.RenewRights, {}),
    ("renew rights", FINAL | {"expires": NOW}, THERE, act.RenewRights, {}),
    ("create job", RUNNING | {"batch_job": None}, THERE, act.CreateJob, {}),
    ("add tasks", RUNNING | {"added": 1}, THERE, act.AddTasks, {}),
    ("add canary", RUNNING | {"added": 0, "plan": a_plan(canary=True)}, THERE, act.AddTasks, {}),
    ("too much reported", RUNNING, replace(THERE, reported=1), act.Settle, {}),
    ("running", TRYING, replace(THERE, reported=1), None, {}),
    ("running", RUNNING | {"retry": Retry(of=(JOB,))}, replace(THERE, reported=1), None, {}),
    ("running", RUNNING | {"plan": a_plan(tolerated=Tolerance(units=1))}, replace(THERE, reported=1), None, {}),
    ("running", TRYING, THERE, None, {}),
    ("running", TRYING, replace(THERE, counts=TaskCounts(completed=1, failed=1)), None, {}),
    ("judge canary", TRYING, replace(THERE, counts=TaskCounts(completed=1), unfinished=False), act.JudgeCanary, {}),
    ("open pool", TRYING | {"canary": Canary(sent=NOW, passed=NOW)}, THERE, act.SetFormula, {}),
    ("add tasks", TRYING | {"canary": OPENED}, THERE, act.AddTasks, {}),
    ("drained", TRYING | {"canary": OPENED, "drained": NOW}, THERE, act.Settle, {}),
    ("all ended", RUNNING, replace(THERE, counts=TaskCounts(completed=3), unfinished=False), act.Settle, {}),
    ("something failed", RUNNING, replace(THERE, counts=TaskCounts(completed=1, failed=1)), act.Review, {}),
    ("reimage nodes", RUNNING, replace(THERE, unprepared=(NO_DATA,)), None, {}),
    (
        "unable",
        RUNNING,
        replace(THERE, nodes=NodeCounts(unusable=1, total=1), node_errors=(NO_IMAGE,)),
        act.Settle,
        {},
    ),
    ("running", RUNNING, replace(THERE, counts=TaskCounts(completed=3)), None, {}),
    ("running", RUNNING | {"failures_read": 1}, replace(THERE, counts=TaskCounts(failed=1)), None, {}),
    ("cancel too late", OVER, replace(THERE, cancel=True), None, {}),
    ("end job", RUNNING | {"verdict": a_verdict()}, THERE, act.EndJob, {}),
    ("keep evidence", RUNNING | {"verdict": a_verdict(), "job_ended": NOW}, THERE, act.KeepEvidence, {}),
    ("delete pool", OVER | {"pool_deletion_asked": None}, THERE, act.DeletePool, {}),
    ("merge", SHARED | OVER | {"pool_deletion_asked": None}, THERE, act.MergeOutputs, {}),
    ("merge", OVER, THERE, act.MergeOutputs, {}),
    ("copy logs", OVER | {"merged": merged(), "plan": a_plan(logs="all")}, THERE, act.CopyLogs, {}),
    (
        "write result",
        OVER | {"merged": merged(), "plan": a_plan(logs="all"), "logs_done": NOW},
        THERE,
        act.WriteResult,
        {},
    ),
    ("write result", MERGED, THERE, act.WriteResult, {}),
    ("write result", OVER | {"merge_failed": Failure(code="MERGE", message="")}, THERE, act.WriteResult, {}),
    ("write result", OVER | {"verdict": a_verdict("cancelled")}, THERE, act.WriteResult, {}),
    ("prove job gone", FINAL, THERE, act.DeleteJob, {}),
    ("prove job gone", FINAL, replace(THERE, job=None), None, {}),
    ("prove pool gone", FINAL | {"job_gone": NOW}, THERE, act.DeletePool, {}),
    ("prove pool gone", SHARED | FINAL | {"job_gone": NOW}, replace(THERE, pool=NIGHT), None, {}),
    ("write receipt", GONE, Picture(), act.WriteReceipt, {}),
    ("drop containers", GONE | {"cleaned": NOW}, Picture(), act.DeleteContainers, {}),
    ("drop containers", GONE | {"cleaned": NOW}, Picture(held_by=(JOB,)), None, {}),
    ("close receipt", GONE | {"cleaned": NOW, "containers_gone": NOW}, Picture(), act.WriteReceipt, {}),
    ("archive", GONE | {"cleaned": NOW, "containers_gone": NOW, "receipt_closed": NOW}, Picture(), act.Archive, {}),
]


@pytest.mark.parametrize(("row", "facts", "seen", "action", "span"), CASES)
def test_the_first_row_that_fits_decides(
    row: str, facts: dict[str, Any], seen: Picture, action: type | None, span: dict[str, float]
) -> None:
    """Each row is taken for its own facts and does its own action."""
    decision = ask(a_record(**facts), seen, **span)
    assert decision.row == row
    assert type(decision.action) is (action or type(None))


def test_every_row_has_a_case() -> None:
    """No row of the table is without a test (sides and spending have theirs by whole jobs)."""
    tested = {case[0] for case in CASES} | {"input missing", "nothing to do"}
    sides = {"run splitter", "run recombiner", "drop splitter", "prove sides gone"}
    spending = {"budget nearly spent", "budget spent", "drained", "to dedicated"}
    assert {row.name for row in (*OPEN, *CLOSING)} == tested | sides | spending


def test_a_missing_input_is_waited_for_then_given_up_by_name() -> None:
    """Before waitAtMost the job waits INPUT_MISSING, afterwards it fails with it; no pool is asked for."""
    record = a_record(a_manifest(input=BLOBS))
    seen = Picture(input=InputSeen(ready=False, found=0, waits_for="data/*.txt"))
    waiting = ask(record, seen, minutes=9)
    assert [w.code for w in waiting.record.waiting] == ["INPUT_MISSING"]
    assert waiting.record.waiting[0].gives_up_at == later(minutes=10)
    assert waiting.look > later(minutes=9)
    over = ask(waiting.record, seen, minutes=10)
    assert over.record.verdict is not None
    assert over.record.verdict.failure is not None
    assert over.record.verdict.failure.code == "INPUT_MISSING"
    assert over.record.waiting == ()


def test_more_blobs_than_expected_fail_at_once() -> None:
    """INPUT_COUNT names how many were found and expected."""
    source = BLOBS.model_copy(update={"expect_units": 2})
    seen = Picture(input=InputSeen(ready=False, found=3, waits_for="data/*.txt"))
    verdict = ask(a_record(a_manifest(input=source)), seen, minutes=1).record.verdict
    assert verdict is not None
    assert verdict.failure is not None
    assert (verdict.failure.code, verdict.failure.evidence) == ("INPUT_COUNT", {"found": 3, "expected": 2})


@pytest.mark.parametrize(("allowed", "state"), [(True, "succeeded"), (False, "failed")])
def test_an_empty_input_is_a_result_only_where_allowed(allowed: bool, state: str) -> None:
    """Zero units: succeeded with nothing under allowEmpty, else failed INPUT_EMPTY; never a pool."""
    source = BLOBS.model_copy(update={"allow_empty": allowed})
    record = a_record(a_manifest(input=source), input=InputFact(at=NOW, blobs=0, bytes=0, tasks=0))
    decision = ask(record, Picture())
    assert decision.row == "nothing to do"
    assert decision.record.verdict is not None
    assert decision.record.verdict.state == state


def test_the_oldest_in_line_goes_when_the_line_opens() -> None:
    """While the line is closed no one goes; then the first, and only the first."""
    record = a_record(input=RUNNING["input"])
    closed = Line((JOB, "bd-other"), later(minutes=5))
    assert ask(record, Picture(line=closed), minutes=1).record.waiting[0].place == 1
    assert ask(record, Picture(line=closed), minutes=5).record.admitted == later(minutes=5)
    second = ask(record, Picture(line=Line(("bd-other", JOB))))
    assert (second.record.admitted, second.record.waiting[0].place) == (None, 2)


def test_polling_slows_down_with_what_is_left() -> None:
    """A tenth of the expected rest, never under the shortest nor over the longest pace."""
    record = a_record(**RUNNING | {"first_task": NOW})
    seen = replace(THERE, counts=TaskCounts(completed=1))
    assert ask(record, seen, minutes=1).look - later(minutes=1) == timedelta(seconds=30)
    assert ask(record, seen, hours=5).look - later(hours=5) == timedelta(seconds=120)


def test_containers_are_kept_for_the_retention_of_the_outcome() -> None:
    """A complete success gives them up at once, anything else after retention.otherwise."""
    failed = GONE | {"cleaned": NOW, "verdict": a_verdict("failed")}
    kept = ask(a_record(**failed), Picture(), days=2)
    assert (kept.row, kept.action) == ("drop containers", None)
    assert kept.look == later(days=3)
    assert type(ask(a_record(**failed), Picture(), days=3).action) is act.DeleteContainers


def test_node_time_and_preemptions_add_up() -> None:
    """Node time counts every node since the last look; only rises of preempted nodes count."""
    first = replace(THERE, nodes=NodeCounts(running=2, preempted=1, spot=3, total=3))
    record = ask(a_record(**RUNNING), first).record
    record = ask(record, replace(first, nodes=NodeCounts(running=2, preempted=1, spot=3, total=3)), seconds=60).record
    record = ask(record, replace(first, nodes=NodeCounts(running=1, preempted=2, spot=3, total=3)), seconds=120).record
    assert record.usage.node_seconds == pytest.approx(360)
    assert record.usage.preemptions == 2


def test_node_time_counts_from_the_pools_creation_to_its_deletion() -> None:
    """The first look counts back to the create call; so do nodes that idle until the pool is given up."""
    seen = replace(THERE, nodes=NodeCounts(running=2, spot=1, total=2))
    record = ask(a_record(**RUNNING), seen, minutes=10).record
    assert (record.usage.node_seconds, record.usage.spot_node_seconds) == (1200, 600)
    over = record.model_copy(update={"verdict": a_verdict(), "job_ended": NOW, "evidence": NOW})
    gone = ask(over, seen, minutes=15)
    assert gone.row == "delete pool"
    assert (gone.record.usage.node_seconds, gone.record.usage.spot_node_seconds) == (1800, 900)


def test_a_time_limit_before_any_task_fails_without_reading_lists() -> None:
    """A job without a Batch job has nothing to settle."""
    record = a_record(a_manifest(limits=Limits(job_timeout=timedelta(minutes=1))))
    decision = ask(record, Picture(input=InputSeen(ready=False, waits_for="x")), minutes=2)
    assert decision.action is None
    assert decision.record.verdict is not None
    assert decision.record.verdict.units.not_run == 3


def test_the_documented_table_is_the_table() -> None:
    """docs/lifecycle.md shows the same rows, in the same order, in the same words."""
    text = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    shown = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in re.findall(r"^\|.*\|$", text, re.M)]
    rows = (*stopping.ROWS, *keeping.ROWS, *STARTING, *running.ROWS, *ENDING)
    expected = [(row.name, row.when, row.does, row.gains) for row in rows]
    assert [cells for cells in shown if cells[0] not in ("row", "---")] == expected


def test_a_deletion_is_late_two_hours_after_it_was_asked_for_and_not_before() -> None:
    """Containers are asked to go once job and pool have gone, however long that took."""
    record = a_record(**GONE | {"cleaned": later(hours=5)})
    assert ask(record, Picture(), hours=5, minutes=1).record.waiting == ()
    (told,) = ask(record, Picture(), hours=7, minutes=1).record.waiting
    assert told.code == "CLEANUP"
