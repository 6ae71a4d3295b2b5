"""What trouble means for a job: a wait, a way back to the line, or a verdict. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.budget import Pace
from controller.quota import POOLS, REFUSED, Room, full
from controller.rules.case import verdict_without_rows
from controller.rules.ending import awaits_merge
from controller.rules.side import BOTH, side
from controller.rules.starting import queue_end
from shared.codes import Code
from shared.errors import BatchdropError, Defect, QuotaFull, Refused, Throttled, Transient, Vanished
from shared.names import side_id
from shared.ports import DefectCount
from shared.record import Failure, Record, Waiting

GIVE_UP_AFTER = 5
GIVE_UP_AGE = timedelta(minutes=10)
DENIED = (401, 403)
DENIED_AGE = timedelta(hours=1)
"""Roles take effect minutes after they were given, and keys, firewalls and disabled accounts are mended by people."""
SELDOM = timedelta(minutes=30)
FATAL = frozenset({Code.SECRET_DENIED, Code.SPLIT, Code.INPUT_COUNT, Code.INPUT_EMPTY, Code.INPUT_CHANGED})
"""Refusals that no later pass can mend."""


def after_setback(
    record: Record,
    error: BatchdropError,
    now: datetime,
    pace: Pace,
    defects: DefectCount | None,
    place: int | None = None,
) -> Record:
    """The record after a pass that raised `error`; `defects` is set where the error is our own or a refusal, `place` in
    the line where it is a full quota."""
    if isinstance(error, QuotaFull):
        return back_to_the_line(record, error, now, place)
    if isinstance(error, Throttled):
        return throttled(record, error, now)
    if isinstance(error, Transient):
        return later(record, now + max(error.delay, timedelta(seconds=1)))
    if record.verdict is None and (fatal := verdict_of(record, error)) is not None:
        return record.model_copy(
            update={"verdict": verdict_without_rows(record, now, fatal, "failed"), "waiting": (), "next_look": now}
        )
    if isinstance(error, Vanished):
        return later(record, now + timedelta(seconds=pace.shortest))
    since = defects.first if defects is not None else now
    over = now >= denied_until(record, since) if is_denied(error) else defects is not None and given_up(defects, now)
    return give_up(record, error, now) if over else stuck(record, error, now, pace, since)


def verdict_of(record: Record, error: BatchdropError) -> Failure | None:
    """Why the job fails at once, where it does."""
    next_step = "Drop the manifest again once this is mended."
    if isinstance(error, Vanished) and record.split.done is None:
        message = f"The input changed or went away while it was read: {error}."
        return Failure(code=Code.INPUT_CHANGED, message=message, next=next_step, evidence={"source": error.thing})
    if isinstance(error, Refused) and error.code in FATAL:
        return Failure(code=error.code, message=str(error), next=next_step)
    return None


def is_denied(error: BatchdropError) -> bool:
    """Does a service not let us in? No fault of this job's, and none of the step that meets it."""
    return isinstance(error, Refused) and error.status in DENIED


def denied_until(record: Record, since: datetime) -> datetime:
    """How long that is stood. Tasks that are out go on without us: to give up would lose what they do."""
    ends = since + DENIED_AGE
    if record.verdict is not None or record.tasks_ended is not None or not record.added:
        return ends
    return max(ends, record.accepted + record.plan.manifest.limits.job_timeout)


def shut_out(record: Record, defects: DefectCount, now: datetime) -> bool:
    """Has the step under way met that last time? It is tried as long as that is stood, and then tells it by name."""
    met = any(w.evidence.get("status") in DENIED for w in record.waiting)
    return met and now < denied_until(record, defects.first) + GIVE_UP_AGE


def given_up(defects: DefectCount, now: datetime) -> bool:
    return defects.count >= GIVE_UP_AFTER and now - defects.first >= GIVE_UP_AGE


def give_up(record: Record, error: BatchdropError, now: datetime) -> Record:
    """The job fails by the name of our own fault; a merge fails alone; clean-up never gives up."""
    failure = Failure(
        code=Code.DEFECT,
        message=f"Batchdrop could not go on: {error}",
        next="This is a fault of Batchdrop or of its configuration: tell its operator.",
        evidence=answer(error),
    )
    if record.verdict is None:
        verdict = verdict_without_rows(record, now, failure, "failed")
        return record.model_copy(update={"verdict": verdict, "waiting": (), "next_look": now})
    if awaits_merge(record):
        return record.model_copy(update={"merge_failed": failure, "waiting": (), "next_look": now})
    return stuck(record, error, now, Pace(), now)


def stuck(record: Record, error: BatchdropError, now: datetime, pace: Pace, first: datetime) -> Record:
    """Say what is wrong, met at `first`, and try again."""
    code = Code.STUCK if record.verdict is None else Code.CLEANUP
    what = "an unexpected state" if isinstance(error, Defect) else "a refusal"
    before = next((w.since for w in record.waiting if w.code == code), now)
    waiting = Waiting(
        code=code,
        message=f"Batchdrop met {what}: {error}",
        next="It is tried again. If it stays, check the roles and settings of the deployment.",
        evidence=answer(error),
        since=before,
        gives_up_at=gives_up_at(record, error, before, first) if record.verdict is None else None,
    )
    wait = timedelta(seconds=max(pace.shortest, 5.0))
    if record.final is not None:  # nobody waits for it: less and less often
        wait = max(wait, min((now - before) / 4, SELDOM))
    return record.model_copy(update={"waiting": (waiting,), "next_look": now + wait})


def gives_up_at(record: Record, error: BatchdropError, since: datetime, first: datetime) -> datetime:
    return denied_until(record, first) if is_denied(error) else since + GIVE_UP_AGE


def answer(error: BatchdropError) -> dict[str, str | int | float | None]:
    """What the service said, where it was one."""
    return {"error": error.code, "status": error.status} if isinstance(error, Refused) else {}


def back_to_the_line(record: Record, error: QuotaFull, now: datetime, place: int | None) -> Record:
    """Not admitted any more: the tick gives out the next place. A Batch job without a pool is given back: no one who is
    before it in the line should wait for that."""
    why = full(Room(REFUSED.get(error.code, POOLS), None))
    since = next((w.since for w in record.waiting if w.code == Code.QUOTA_FULL), now)
    waiting = Waiting(
        **why.model_dump(exclude={"evidence"}),
        evidence={**why.evidence, "error": error.code},
        since=since,
        gives_up_at=queue_end(record),
        place=place,
    )
    kept = record.batch_job if record.pool is not None else None
    sides = {"splitter": record.splitter.without_pool(), "recombiner": record.recombiner.without_pool()}
    update = {"admitted": None, "batch_job": kept, "waiting": (waiting,), "next_look": now + error.delay}
    return record.model_copy(update=update | sides)


def returned(before: Record, after: Record) -> tuple[str, ...]:
    """Batch jobs that a job on its way back to the line has given back."""
    own = (before.job,) if before.batch_job is not None and after.batch_job is None else ()
    sides = [which for which in BOTH if side(before, which).job is not None and side(after, which).job is None]
    return (*own, *(side_id(before.job, which) for which in sides))


def throttled(record: Record, error: Throttled, now: datetime) -> Record:
    """Once is nothing: the second look that meets it says so. Whatever else the job waits for stays told."""
    record = later(record, now + max(error.delay, timedelta(seconds=1)))
    if record.throttled is None or record.final is not None:
        return record.model_copy(update={"throttled": record.throttled or now})
    waiting = Waiting(
        code=Code.THROTTLED,
        message=f"A service asks for fewer requests: {error}"[:500],
        next="It goes on by itself as soon as the service answers; nothing is lost.",
        evidence={"thing": error.thing, "error": error.code, "status": error.status},
        since=record.throttled,
        gives_up_at=queue_end(record) if record.first_node is None and record.verdict is None else None,
    )
    others = tuple(each for each in record.waiting if each.code != Code.THROTTLED)
    return record.model_copy(update={"waiting": (*others, waiting)})


def later(record: Record, when: datetime) -> Record:
    return record.model_copy(update={"next_look": when})
