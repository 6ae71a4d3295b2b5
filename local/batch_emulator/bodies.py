"""The bodies of requests: what each operation takes, and which parts are refused because nothing carries them out."""

from datetime import timedelta
from typing import Any

from local.batch_emulator.protocol.exchange import Call
from local.batch_emulator.protocol.moments import format_span, parse_span
from local.batch_emulator.protocol.shapes import (
    Check,
    anything,
    choice,
    flag,
    identifier,
    many,
    number,
    object_of,
    record,
    span,
    text,
    unbuilt,
    without_nulls,
)  # fmt: skip
from local.batch_emulator.state import Wire

_FIVE_MINUTES = timedelta(minutes=5)
_SPANS = {"maxWallClockTime", "retentionTime", "autoScaleEvaluationInterval", "resizeTimeout"}

METADATA = many(record({"name": text(least=1), "value": text()}, {}))
ENVIRONMENT = many(record({"name": text(least=1)}, {"value": text()}))
IDENTITY = record({}, {"resourceId": text()})
REGISTRY = record({}, {"username": text(), "password": text(), "registryServer": text(), "identityReference": IDENTITY})
MOUNTS = many(
    record(
        {"source": choice("Shared", "Startup", "VfsMounts", "Task", "JobPrep", "Applications")}, {"isReadOnly": flag}
    )
)
CONTAINER = record(
    {"imageName": text(least=1)},
    {
        "containerRunOptions": text(),
        "registry": REGISTRY,
        "workingDirectory": choice("taskWorkingDirectory", "containerImageDefault"),
        "containerHostBatchBindMounts": MOUNTS,
    },
)
USER = record(
    {},
    {
        "username": text(),
        "autoUser": record({}, {"scope": choice("task", "pool"), "elevationLevel": choice("nonadmin", "admin")}),
    },
)
RESOURCE_FILES = many(
    record(
        {},
        {
            "httpUrl": text(),
            "storageContainerUrl": text(),
            "autoStorageContainerName": unbuilt,
            "blobPrefix": text(),
            "filePath": text(),
            "fileMode": text(),
            "identityReference": IDENTITY,
        },
    )
)
_DESTINATION = record(
    {"containerUrl": text(least=1)},
    {
        "path": text(),
        "identityReference": IDENTITY,
        "uploadHeaders": many(record({"name": text(least=1)}, {"value": text()})),
    },
)
OUTPUT_FILES = many(
    record(
        {
            "filePattern": text(least=1),
            "destination": record({}, {"container": _DESTINATION}),
            "uploadOptions": record({"uploadCondition": choice("tasksuccess", "taskfailure", "taskcompletion")}, {}),
        },
        {},
    )
)
TASK_CONSTRAINTS = record(
    {}, {"maxWallClockTime": span(), "retentionTime": span(), "maxTaskRetryCount": number(-1, 2**31 - 1)}
)
_EXIT_OPTIONS = record(
    {}, {"jobAction": choice("none", "disable", "terminate"), "dependencyAction": choice("satisfy", "block")}
)
EXIT_CONDITIONS = record(
    {},
    {
        "exitCodes": many(record({"code": number(), "exitOptions": _EXIT_OPTIONS}, {})),
        "exitCodeRanges": many(record({"start": number(), "end": number(), "exitOptions": _EXIT_OPTIONS}, {})),
        "preProcessingError": _EXIT_OPTIONS,
        "fileUploadError": _EXIT_OPTIONS,
        "default": _EXIT_OPTIONS,
    },
)
TASK = record(
    {"id": identifier, "commandLine": text()},
    {
        "displayName": text(1024),
        "exitConditions": EXIT_CONDITIONS,
        "containerSettings": CONTAINER,
        "resourceFiles": RESOURCE_FILES,
        "outputFiles": OUTPUT_FILES,
        "environmentSettings": ENVIRONMENT,
        "affinityInfo": record({"affinityId": text()}, {}),
        "constraints": TASK_CONSTRAINTS,
        "requiredSlots": number(1),
        "userIdentity": USER,
        "multiInstanceSettings": unbuilt,
        "dependsOn": unbuilt,
        "applicationPackageReferences": unbuilt,
        "authenticationTokenSettings": unbuilt,
    },
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
START_TASK = record(
    {"commandLine": text()},
    {
        "containerSettings": CONTAINER,
        "resourceFiles": RESOURCE_FILES,
        "environmentSettings": ENVIRONMENT,
        "userIdentity": USER,
        "maxTaskRetryCount": number(-1, 2**31 - 1),
        "waitForSuccess": flag,
    },
)
_MACHINE = record(
    {
        "imageReference": record(
            {},
            dict.fromkeys(
                ("publisher", "offer", "sku", "version", "exactVersion", "virtualMachineImageId",
                 "sharedGalleryImageId", "communityGalleryImageId"),
                text(),
            ),
        ),
        "nodeAgentSKUId": text(least=1),
    },
    {
        "containerConfiguration": record(
            {"type": choice("dockerCompatible", "criCompatible")},
            {"containerImageNames": many(text(least=1)), "containerRegistries": many(REGISTRY)},
        ),
        **dict.fromkeys(
            ("windowsConfiguration", "diskEncryptionConfiguration", "nodePlacementConfiguration", "osDisk",
             "securityProfile", "serviceArtifactReference"),
            object_of,
        ),
        "dataDisks": many(object_of),
        "licenseType": text(),
        "extensions": unbuilt,
    },
)  # fmt: skip
_SCHEDULING_POLICY = record(
    {"nodeFillType": choice("spread", "pack")}, {"jobDefaultOrder": choice("none", "creationtime")}
)
_POOL_PROPERTIES: dict[str, Check] = {
    "displayName": text(1024),
    "virtualMachineConfiguration": _MACHINE,
    "enableInterNodeCommunication": flag,
    "networkConfiguration": object_of,
    "startTask": START_TASK,
    "applicationPackageReferences": unbuilt,
    "certificateReferences": unbuilt,
    "taskSlotsPerNode": number(1, 256),
    "taskSchedulingPolicy": _SCHEDULING_POLICY,
    "userAccounts": many(record({"name": text(least=1)}, {"password": text(), "elevationLevel": text(),
                                                          "linuxUserConfiguration": object_of,
                                                          "windowsUserConfiguration": object_of})),
    "metadata": METADATA,
    "mountConfiguration": unbuilt,
    "upgradePolicy": object_of,
    "targetNodeCommunicationMode": text(),
    "resourceTags": object_of,
}  # fmt: skip
_INTERVAL = span(_FIVE_MINUTES, timedelta(hours=168))
POOL = record(
    {"id": identifier, "vmSize": text(least=1), "virtualMachineConfiguration": _MACHINE},
    {
        **_POOL_PROPERTIES,
        "resizeTimeout": span(_FIVE_MINUTES),
        "targetDedicatedNodes": number(0),
        "targetLowPriorityNodes": number(0),
        "enableAutoScale": flag,
        "autoScaleFormula": text(),
        "autoScaleEvaluationInterval": _INTERVAL,
    },
)
POOL_UPDATE = record({}, {**_POOL_PROPERTIES, "vmSize": text(least=1)})
POOL_REPLACE = record(
    {"metadata": METADATA},
    {
        "startTask": START_TASK,
        "applicationPackageReferences": unbuilt,
        "certificateReferences": unbuilt,
        "targetNodeCommunicationMode": text(),
    },
)
AUTOSCALE_ENABLE = record({}, {"autoScaleFormula": text(), "autoScaleEvaluationInterval": _INTERVAL})
AUTOSCALE_TRIAL = record({"autoScaleFormula": text()}, {})
_DEALLOCATION = choice("requeue", "terminate", "taskcompletion", "retaineddata")
RESIZE = record(
    {},
    {
        "targetDedicatedNodes": number(0),
        "targetLowPriorityNodes": number(0),
        "resizeTimeout": span(_FIVE_MINUTES),
        "nodeDeallocationOption": _DEALLOCATION,
    },
)
REMOVE_NODES = record(
    {"nodeList": many(text(), 100)}, {"resizeTimeout": span(_FIVE_MINUTES), "nodeDeallocationOption": _DEALLOCATION}
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
        "jobReleaseTask": unbuilt,
        "commonEnvironmentSettings": ENVIRONMENT,
        "onTaskFailure": choice("noaction", "performexitoptionsjobaction"),
    },
)
JOB_UPDATE = record({}, {**_JOB_CHANGES, "poolInfo": _POOL_INFO})
JOB_DISABLE = record({"disableTasks": choice("requeue", "terminate", "wait")}, {})
JOB_TERMINATE = record({}, {"terminateReason": text()})
TASK_COLLECTION = record({"value": many(anything, 100)}, {})
TASK_UPDATE = record({}, {"constraints": TASK_CONSTRAINTS})
NODE_DISABLE = record({}, {"nodeDisableSchedulingOption": choice("requeue", "terminate", "taskcompletion")})
NODE_REBOOT = record({}, {"nodeRebootOption": choice("requeue", "terminate", "taskcompletion", "retaineddata")})
NODE_REIMAGE = record({}, {"nodeReimageOption": choice("requeue", "terminate", "taskcompletion", "retaineddata")})


def normal(value: Any, name: str = "") -> Any:
    """Write every duration of a body the service's way: `PT5M` for `PT05M00S`."""
    if isinstance(value, dict):
        return {key: normal(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return format_span(parse_span(value)) if name in _SPANS else value


def read(call: Call, shape: Check) -> Wire:
    """Give the request's body once it has this shape; without nulls, durations in the service's form."""
    body = call.json()
    shape("", body)
    found: Wire = normal(without_nulls(body))
    return found


def read_if_any(call: Call, shape: Check) -> Wire:
    """Give the request's body, or an empty one when there is none."""
    return read(call, shape) if call.body.strip() else {}
