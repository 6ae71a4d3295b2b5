"""Tasks."""

from local.batch_emulator.bodies.common import CONTAINER, ENVIRONMENT, IDENTITY, RESOURCE_FILES, TASK_CONSTRAINTS, USER
from local.batch_emulator.protocol.shapes import anything, choice, identifier, many, number, record, text, unbuilt

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
TASK_COLLECTION = record({"value": many(anything, 100)}, {})
TASK_UPDATE = record({}, {"constraints": TASK_CONSTRAINTS})
