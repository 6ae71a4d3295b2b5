"""Pools and their nodes."""

from datetime import timedelta

from local.batch_emulator.bodies.common import (
    CONTAINER,
    ENVIRONMENT,
    IDENTITY,
    METADATA,
    REGISTRY,
    RESOURCE_FILES,
    USER,
)
from local.batch_emulator.protocol.shapes import (
    Check,
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
)

_FIVE_MINUTES = timedelta(minutes=5)
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
_BLOB_MOUNT = record(
    {"accountName": text(least=1), "containerName": text(least=1), "relativeMountPath": text(least=1)},
    {"accountKey": text(), "sasKey": text(), "blobfuseOptions": text(), "identityReference": IDENTITY},
)
_MOUNT = record(
    {"azureBlobFileSystemConfiguration": _BLOB_MOUNT},
    dict.fromkeys(("nfsMountConfiguration", "cifsMountConfiguration", "azureFileShareConfiguration"), unbuilt),
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
    "mountConfiguration": many(_MOUNT, 10),
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
NODE_DISABLE = record({}, {"nodeDisableSchedulingOption": choice("requeue", "terminate", "taskcompletion")})
NODE_REBOOT = record({}, {"nodeRebootOption": choice("requeue", "terminate", "taskcompletion", "retaineddata")})
NODE_REIMAGE = record({}, {"nodeReimageOption": choice("requeue", "terminate", "taskcompletion", "retaineddata")})
