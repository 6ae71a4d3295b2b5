"""The state that people see, derived from the facts. Pure."""

from __future__ import annotations

from typing import Literal

from controller.rules.case import known_units
from controller.rules.ending import is_complete
from shared.record import Record

State = Literal["accepted", "waiting", "running", "merging", "succeeded", "failed", "cancelled"]


def state_of(record: Record) -> State:
    """accepted: nothing runs, nothing to wait for; waiting: nothing runs and `waiting` is not empty; running: from the
    first task to the verdict; merging: verdict, no outcome yet."""
    verdict = record.verdict
    if verdict is None:
        if record.first_task is not None:
            return "running"
        return "waiting" if record.waiting else "accepted"
    if record.final is None:
        return "merging"
    if record.merge_failed is not None:
        return "failed"
    return verdict.state


def is_final(record: Record) -> bool:
    return record.final is not None


def complete_of(record: Record) -> bool | None:
    """No unit failed, skipped or not run; null before the end."""
    return is_complete(record) if record.final is not None else None


def task_numbers(record: Record) -> dict[str, int]:
    """total = pending + running + succeeded + failed + skipped + notRun; of a retry, all tasks of the retried job."""
    total = (
        record.split.rows
        if record.split.done
        else max(record.split.rows, (record.input.tasks or 0) if record.input else 0)
    )
    verdict, progress, kept = record.verdict, record.progress, record.retry.kept if record.retry else 0
    if verdict is not None:
        bad = verdict.tasks
        ended = verdict.tasks_succeeded + bad.failed + bad.skipped + bad.not_run
        return _tasks(max(total, ended), 0, verdict.tasks_succeeded, bad.failed, bad.skipped, bad.not_run)
    if progress is None:
        return _tasks(total, 0, kept, 0, 0, 0)
    skipped = min(record.so_far.skipped_tasks, progress.failed)
    failed = progress.failed - skipped
    return _tasks(total, min(progress.running, total), kept + progress.succeeded, failed, skipped, 0)


def _tasks(total: int, running: int, succeeded: int, failed: int, skipped: int, not_run: int) -> dict[str, int]:
    pending = max(0, total - running - succeeded - failed - skipped - not_run)
    return {
        "total": total,
        "pending": pending,
        "running": running,
        "succeeded": succeeded,
        "failed": failed,
        "skipped": skipped,
        "notRun": not_run,
    }


def unit_numbers(record: Record) -> dict[str, int | str | None]:
    """total = merged + pending + failed + skipped + notRun; merged is 0 until the result is committed."""
    total = known_units(record)
    if total is None:
        total = record.split.units
    verdict, so_far = record.verdict, record.so_far
    failed = verdict.units.failed if verdict else so_far.failed
    skipped = verdict.units.skipped if verdict else so_far.skipped
    not_run = verdict.units.not_run if verdict else 0
    good = max(0, total - failed - skipped - not_run)
    done = record.merged is not None
    return {
        "kind": record.plan.unit_kind,
        "total": total,
        "merged": good if done else 0,
        "pending": 0 if done else good,
        "failed": failed,
        "skipped": skipped,
        "notRun": not_run,
    }


def attempt_numbers(record: Record) -> dict[str, int]:
    """Runs are counted from what ended and runs; retries are those of failed tasks and our reactivations."""
    progress, usage, kept = record.progress, record.usage, record.retry.kept if record.retry else 0
    ended = (progress.succeeded + progress.failed + progress.running) if progress else 0
    if record.verdict is not None:
        tasks = record.verdict.tasks
        ended = max(0, record.verdict.tasks_succeeded + tasks.failed + tasks.skipped - kept)
    retries = usage.retries + usage.reactivations
    return {"runs": ended + retries, "retries": retries, "preemptions": usage.preemptions}
