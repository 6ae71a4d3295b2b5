"""Do: one action -> one step. Exhaustive; and the undoing of creates for a pass that lost its race."""

from __future__ import annotations

from typing import assert_never

from controller import spot
from controller.steps import canary, evidence, finish, logs, reimage, rerun, rights, settle, side, start
from controller.steps.work import Work
from controller.undoing import is_orphan
from shared import actions as act
from shared.names import JobId, input_container, output_container, side_id
from shared.ports import Ports
from shared.record import Record


def apply(action: act.Action, record: Record, work: Work) -> Record:
    """The record with what the action found out; the facts that it simply achieves are in it already."""
    if isinstance(action, act.RenewRights):
        return rights.renew(record, work)
    if isinstance(action, act.FreezeInput | act.MakeContainers | act.CreatePool | act.SplitInput):
        return apply_start(action, record, work)
    if isinstance(action, Running):
        return apply_run(action, record, work)
    if isinstance(action, act.CreateSidePool | act.StartSide | act.JudgeSide | act.RepeatSide | act.DropSide):
        return apply_side(action, record, work)
    return apply_end(action, record, work)


def apply_side(
    action: act.CreateSidePool | act.StartSide | act.JudgeSide | act.RepeatSide | act.DropSide,
    record: Record,
    work: Work,
) -> Record:
    match action:
        case act.CreateSidePool(which):
            return side.create_pool(record, which, work)
        case act.StartSide(which):
            return side.start(record, which, work)
        case act.JudgeSide(which):
            return side.judge(record, which, work)
        case act.RepeatSide(which):
            return side.repeat(record, which, work)
        case act.DropSide(which):
            return side.drop(record, which, work)
        case _:
            assert_never(action)


def apply_start(
    action: act.FreezeInput | act.MakeContainers | act.CreatePool | act.SplitInput, record: Record, work: Work
) -> Record:
    match action:
        case act.FreezeInput():
            return start.freeze_input(record, work)
        case act.MakeContainers():
            return start.make_containers(record, work)
        case act.CreatePool():
            return start.create_pool(record, work)
        case act.SplitInput():
            return start.split_input(record, work)
        case _:
            assert_never(action)


Running = (
    act.CreateJob
    | act.AddTasks
    | act.JudgeCanary
    | act.SetFormula
    | act.LimitTasks
    | act.HoldJob
    | act.ReimageNodes
    | act.NoteTakings
    | act.Review
    | act.Settle
)


def apply_run(action: Running, record: Record, work: Work) -> Record:  # noqa: C901 - one arm an action
    match action:
        case act.CreateJob():
            return start.create_job(record, work)
        case act.AddTasks(one):
            return start.add_tasks(record, work, one=one)
        case act.JudgeCanary():
            return canary.judge(record, work)
        case act.SetFormula(kind):
            return start.set_formula(record, kind, work)
        case act.LimitTasks(most):
            work.ports.batch.limit_tasks(record.job, most)
            return record
        case act.HoldJob():
            work.ports.batch.hold_job(record.job)
            return record
        case act.ReimageNodes(nodes, which):
            return reimage.reimage(record, nodes, which, work)
        case act.NoteTakings(takings):
            spot.note(work.ports.control, record, takings)
            return record
        case act.Review(failed):
            return review(record, failed, work)
        case act.Settle():
            return settle.settle(record, action, work)
        case _:
            assert_never(action)


def review(record: Record, failed: int, work: Work) -> Record:
    """Too much failed: settle now. Else send out again what may run again. Only then are they read."""
    found = rerun.review(record, work)
    if found.over:
        return settle.settle(record, act.Settle("early"), work)
    record = rerun.run_again(record, found.again, work)
    usage = record.usage.model_copy(update={"retries": found.retries})
    read = max(0, failed - len(found.again))
    return record.model_copy(update={"so_far": found.so_far, "failures_read": read, "usage": usage})


Ending = (
    act.EndJob
    | act.KeepEvidence
    | act.CopyLogs
    | act.DeletePool
    | act.MergeOutputs
    | act.WriteResult
    | act.DeleteJob
    | act.WriteReceipt
    | act.DeleteContainers
    | act.Archive
)


def apply_end(action: Ending, record: Record, work: Work) -> Record:  # noqa: C901 - one arm an action
    match action:
        case act.EndJob():
            return finish.end_job(record, work)
        case act.KeepEvidence():
            return evidence.keep_evidence(record, work)
        case act.CopyLogs():
            return logs.copy_logs(record, work)
        case act.DeletePool():
            return finish.delete_pool(record, work)
        case act.MergeOutputs():
            return finish.merge_outputs(record, work)
        case act.WriteResult():
            return finish.write_result(record, work)
        case act.DeleteJob():
            return finish.delete_job(record, work)
        case act.WriteReceipt():
            return finish.write_receipt(record, work)
        case act.DeleteContainers():
            return finish.delete_containers(record, work)
        case act.Archive():
            return finish.archive(record, work)
        case _:
            assert_never(action)


def undo(action: act.Action | None, there: Record | None, job: JobId, ports: Ports) -> None:
    """Delete what this pass created, and take back what it gave, for a job that someone else has ended meanwhile.
    `there`: its record by now."""
    if is_orphan(action, there):
        delete_made(action, job, ports)
    if isinstance(action, act.RenewRights | act.JudgeSide | act.StartSide) and (there is None or there.verdict):
        rights.take_back(job, ports)


def delete_made(action: act.Action | None, job: JobId, ports: Ports) -> None:
    match action:
        case act.CreatePool():
            ports.batch.delete_pool(job)
        case act.CreateJob():
            ports.batch.delete_job(job)
        case act.CreateSidePool(which):
            ports.batch.delete_pool(side_id(job, which))
        case act.StartSide(which):
            ports.batch.delete_job(side_id(job, which))
        case act.MakeContainers():
            for name in (input_container(job), output_container(job)):
                ports.work.delete_container(name)
        case _:
            return
