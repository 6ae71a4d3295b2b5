"""What the end of one task means: may it run again, why it failed, in words a person understands. Pure."""

from __future__ import annotations

from enum import Enum, auto

from shared.codes import Reason
from shared.manifest.models import Manifest
from shared.ports import FailedTask, NodeError

PLATFORM = frozenset(
    {
        "BlobDownloadTimedOut",
        "BlobDownloadMiscError",
        "ResourceDirectoryCreateFailed",
        "ResourceFileCreateFailed",
        "ResourceFileWriteFailed",
        "FileUploadTimedOut",
        "FileUploadMiscError",
        "FileUploadConflict",
        "DiskFull",
    }
)
"""Failures of the platform that Batch itself does not repeat."""
MEANINGS = {
    125: "the container engine could not run it",
    126: "its command cannot be executed",
    127: "its command was not found in the image",
    132: "an instruction that this processor does not know",
    134: "it aborted itself",
    135: "it read or wrote where no memory is (SIGBUS)",
    136: "an arithmetic error such as a division by zero",
    137: "killed (137), most likely out of memory",
    139: "it crashed: it read or wrote memory that is not its own (SIGSEGV)",
    141: "it wrote into a pipe that nobody reads",
    143: "it was asked to end (SIGTERM)",
}
"""What an exit code says by the habits of shells, container engines and the kernel."""
MESSAGE_LIMIT = 1000


class Fate(Enum):
    """What becomes of a failed task."""

    FAILED = auto()
    """It stays failed. Where the manifest has no exit rules, Batch has repeated it already."""
    BROKEN = auto()
    """The platform failed, not the program: it may run again."""
    REPEATED = auto()
    """Batch repeats nothing under exit rules: it may run again."""
    SKIPPED = auto()
    STOPS = auto()
    """It ends the job."""


def fate_of(task: FailedTask, manifest: Manifest) -> Fate:
    if is_broken(task):
        return Fate.BROKEN
    code = own_exit(task)
    if code is None or not manifest.has_exit_rules:
        return Fate.FAILED
    if code in manifest.stop_on:
        return Fate.STOPS
    return Fate.SKIPPED if code in manifest.skip_on else Fate.REPEATED


def is_broken(task: FailedTask) -> bool:
    """Was it the platform that failed, not the program?"""
    return is_platforms(task)


def is_platforms(end: FailedTask | NodeError) -> bool:
    """The same of any end: a task's, or a preparation's."""
    return end.exit_code in (None, 0) and (end.category == "servererror" or end.code in PLATFORM)


def own_exit(task: FailedTask) -> int | None:
    """The code that the program itself ended with, not 0; None where the platform or a time limit ended it."""
    return None if timed_out(task) else task.exit_code or None


def timed_out(task: FailedTask) -> bool:
    """Did limits.taskTimeout end it? The code that it has then is not its own."""
    return task.code == "TaskEnded" or "wall clock" in task.message.lower()


def reason_of(task: FailedTask) -> Reason:
    if own_exit(task) is not None:
        return Reason.EXIT_CODE
    if task.code.startswith("FileUpload"):
        return Reason.UPLOAD
    if task.code in ("BlobNotFound", "BlobAccessDenied"):
        return Reason.INPUT_CHANGED
    return Reason.TASK_TIMEOUT if timed_out(task) else Reason.PLATFORM


def message_of(task: FailedTask) -> str:
    code = own_exit(task)
    if code is None:
        said = f"{task.code}: {task.message}"
        return (f"limits.taskTimeout was over ({said.rstrip('.')})" if timed_out(task) else said)[:MESSAGE_LIMIT]
    if code == 137:
        return MEANINGS[code]
    said = f": {MEANINGS[code]}" if code in MEANINGS else ""
    return f"the program ended with {code}{said}"


def skipped_message(task: FailedTask) -> str:
    return f"skipped: the program ended with {task.exit_code} (failure.skipOn)"
