"""The closed lists of words that programs read: why a job waits or failed, what it warns of, why a task failed."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """Why a job waits, or why it ended as it did."""

    INPUT_MISSING = "INPUT_MISSING"
    INPUT_COUNT = "INPUT_COUNT"
    INPUT_EMPTY = "INPUT_EMPTY"
    INPUT_CHANGED = "INPUT_CHANGED"
    QUOTA_FULL = "QUOTA_FULL"
    QUOTA_NEVER = "QUOTA_NEVER"
    CAPACITY = "CAPACITY"
    IMAGE_PULL = "IMAGE_PULL"
    REGISTRY_AUTH = "REGISTRY_AUTH"
    SECRET_DENIED = "SECRET_DENIED"  # noqa: S105 - a reason's name
    START_TASK = "START_TASK"
    MOUNT = "MOUNT"
    NODE_UNUSABLE = "NODE_UNUSABLE"
    DISK_FULL = "DISK_FULL"
    PREEMPTIONS = "PREEMPTIONS"
    STUCK = "STUCK"
    THROTTLED = "THROTTLED"
    PAUSED = "PAUSED"
    QUEUE_TIMEOUT = "QUEUE_TIMEOUT"
    JOB_TIMEOUT = "JOB_TIMEOUT"
    BUDGET = "BUDGET"
    TASKS_FAILED = "TASKS_FAILED"
    STOPPED_ON = "STOPPED_ON"
    SPLIT = "SPLIT"
    MERGE = "MERGE"
    JOB_LOST = "JOB_LOST"
    POOL_LOST = "POOL_LOST"
    CONTAINER_LOST = "CONTAINER_LOST"
    CANCELLED = "CANCELLED"
    CLEANUP = "CLEANUP"
    DEFECT = "DEFECT"


class Warn(StrEnum):
    """What a person should know of a job that goes on or went well."""

    INCOMPLETE = "INCOMPLETE"
    EMPTY_OUTPUTS = "EMPTY_OUTPUTS"
    NO_TAG = "NO_TAG"
    GZIP = "GZIP"
    BUDGET_80 = "BUDGET_80"
    RETIRING = "RETIRING"
    RESULT_NAME_TAKEN = "RESULT_NAME_TAKEN"
    CANCEL_TOO_LATE = "CANCEL_TOO_LATE"
    PREEMPTIONS = "PREEMPTIONS"
    LOGS_MISSING = "LOGS_MISSING"
    NODE_UNUSABLE = "NODE_UNUSABLE"
    INPUT_CHANGED = "INPUT_CHANGED"


class Reason(StrEnum):
    """Why a task (or a unit in it) counts as failed."""

    EXIT_CODE = "EXIT_CODE"
    TASK_TIMEOUT = "TASK_TIMEOUT"
    MISSING_OUTPUT = "MISSING_OUTPUT"
    EMPTY_OUTPUT = "EMPTY_OUTPUT"
    OUTPUT_COUNT = "OUTPUT_COUNT"
    REPORTED = "REPORTED"
    UPLOAD = "UPLOAD"
    INPUT_CHANGED = "INPUT_CHANGED"
    PLATFORM = "PLATFORM"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"
    NOT_RUN = "NOT_RUN"


ENDED_WELL = frozenset({Reason.MISSING_OUTPUT, Reason.EMPTY_OUTPUT, Reason.OUTPUT_COUNT, Reason.REPORTED})
"""Reasons of tasks that ended with 0: what they left is not what is due."""
