"""What the bodies of pools, jobs and tasks share."""

from local.batch_emulator.protocol.shapes import choice, flag, many, number, record, span, text, unbuilt

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
TASK_CONSTRAINTS = record(
    {}, {"maxWallClockTime": span(), "retentionTime": span(), "maxTaskRetryCount": number(-1, 2**31 - 1)}
)
