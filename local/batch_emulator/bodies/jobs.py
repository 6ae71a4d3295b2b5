"""Jobs."""

from local.batch_emulator.bodies.common import CONTAINER, ENVIRONMENT, METADATA, RESOURCE_FILES, TASK_CONSTRAINTS, USER
from local.batch_emulator.protocol.shapes import (
    Check,
    choice,
    flag,
    identifier,
    number,
    object_of,
    record,
    span,
    text,
    unbuilt,
)

_PREPARATION = record(
    {"commandLine": text()},
    {
        "id": identifier,
        "containerSettings": CONTAINER,
        "resourceFiles": RESOURCE_FILES,
        "environmentSettings": ENVIRONMENT,
        "constraints": TASK_CONSTRAINTS,
        "waitForSuccess": flag,
        "userIdentity": USER,
        "rerunOnNodeRebootAfterSuccess": flag,
    },
)
_RELEASE = record(
    {"commandLine": text()},
    {
        "id": identifier,
        "containerSettings": CONTAINER,
        "resourceFiles": RESOURCE_FILES,
        "environmentSettings": ENVIRONMENT,
        "maxWallClockTime": span(),
        "retentionTime": span(),
        "userIdentity": USER,
    },
)
_POOL_INFO = record({}, {"poolId": identifier, "autoPoolSpecification": unbuilt})
_JOB_CONSTRAINTS = record({}, {"maxWallClockTime": span(), "maxTaskRetryCount": number(-1, 2**31 - 1)})
_JOB_CHANGES: dict[str, Check] = {
    "priority": number(-1000, 1000),
    "allowTaskPreemption": unbuilt,
    "maxParallelTasks": number(-1, 2**31 - 1),
    "constraints": _JOB_CONSTRAINTS,
    "onAllTasksComplete": choice("noaction", "terminatejob"),
    "networkConfiguration": object_of,
    "metadata": METADATA,
}
JOB = record(
    {"id": identifier, "poolInfo": _POOL_INFO},
    {
        **_JOB_CHANGES,
        "displayName": text(1024),
        "usesTaskDependencies": unbuilt,
        "jobManagerTask": unbuilt,
        "jobPreparationTask": _PREPARATION,
        "jobReleaseTask": _RELEASE,
        "commonEnvironmentSettings": ENVIRONMENT,
        "onTaskFailure": choice("noaction", "performexitoptionsjobaction"),
    },
)
JOB_UPDATE = record({}, {**_JOB_CHANGES, "poolInfo": _POOL_INFO})
JOB_DISABLE = record({"disableTasks": choice("requeue", "terminate", "wait")}, {})
JOB_TERMINATE = record({}, {"terminateReason": text()})
