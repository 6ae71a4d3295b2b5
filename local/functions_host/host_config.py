"""host.json, with its overrides from `AzureFunctionsJobHost__*` settings, as typed values."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.functions_host.errors import Refused
from local.functions_host.host_json import (
    Section,
    between,
    encoding,
    flag,
    levels,
    names,
    span,
    text,
    timeout,
    with_overrides,
)
from local.functions_host.settings import Settings

# Known to the real host and without a meaning on one machine: read over.
_NO_LOCAL_EFFECT = (
    "extensionBundle",
    "healthMonitor",
    "aggregator",
    "watchDirectories",
    "watchFiles",
    "managedDependencies",
    "sendCanceledInvocationsToWorker",
    "metadataProviderTimeout",
    "telemetryMode",
)
_HTTP_NO_LOCAL_EFFECT = ("maxOutstandingRequests", "maxConcurrentRequests", "dynamicThrottlesEnabled", "hsts")


@dataclass(frozen=True)
class QueueOptions:
    """`extensions.queues`; times in seconds. `invisibility` is the lease of a message that is being worked on."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    visibility_timeout: float = 0.0
    max_dequeue_count: int = 5
    max_polling_interval: float = 60.0
    message_encoding: str = "base64"
    invisibility: float = 600.0


@dataclass(frozen=True)
class BlobOptions:
    """`extensions.blobs`."""

    max_degree_of_parallelism: int = 8
    poison_blob_threshold: int = 5


@dataclass(frozen=True)
class HostConfig:
    """What host.json says; times in seconds, None for no functionTimeout."""

    function_timeout: float | None = 1800.0
    queues: QueueOptions = QueueOptions()
    blobs: BlobOptions = BlobOptions()
    route_prefix: str = "api"
    log_levels: Mapping[str, str] = field(default_factory=dict)
    listener_lock_period: float = 60.0
    functions: tuple[str, ...] | None = None


def read_host_config(app: Path, settings: Settings) -> HostConfig:
    """host.json of an app folder; Refused when it is missing, broken, or asks for what this host has not."""
    try:
        document = json.loads((app / "host.json").read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Refused(f'{app / "host.json"} is missing; the smallest one is {{"version": "2.0"}}') from None
    except ValueError as error:
        raise Refused(f"{app / 'host.json'}: is not JSON: {error}") from error
    root = Section("", with_overrides(document, settings))
    if root.take("version", text, "") != "2.0":
        raise Refused('host.json: version must be "2.0"')
    config = _config(root)
    root.finish()
    return config


def _config(root: Section) -> HostConfig:
    default: float | None = HostConfig.function_timeout
    root.drop(*_NO_LOCAL_EFFECT)
    _refuse_dynamic_concurrency(root.section("concurrency"))
    extensions = root.section("extensions")
    config = HostConfig(
        function_timeout=root.take("functionTimeout", timeout, default),
        queues=_queues(extensions.section("queues")),
        blobs=_blobs(extensions.section("blobs")),
        route_prefix=_route_prefix(extensions.section("http")),
        log_levels=_log_levels(root.section("logging")),
        listener_lock_period=_lock_period(root.section("singleton")),
        functions=root.take("functions", names, None),
    )
    extensions.finish()
    return config


def _refuse_dynamic_concurrency(section: Section) -> None:
    if section.take("dynamicConcurrencyEnabled", flag, False):
        raise Refused("host.json: concurrency.dynamicConcurrencyEnabled is not supported by the local functions host")
    section.drop("snapshotPersistenceEnabled")
    section.finish()


def _queues(section: Section) -> QueueOptions:
    batch = section.take("batchSize", between(1, 32), 16)
    options = QueueOptions(
        batch_size=batch,
        new_batch_threshold=section.take("newBatchThreshold", between(0, 1000), batch // 2 * (os.cpu_count() or 1)),
        visibility_timeout=section.take("visibilityTimeout", span, 0.0),
        max_dequeue_count=section.take("maxDequeueCount", between(1, 1000), 5),
        max_polling_interval=section.take("maxPollingInterval", span, 60.0),
        message_encoding=section.take("messageEncoding", encoding, "base64"),
    )
    section.finish()
    return options


def _blobs(section: Section) -> BlobOptions:
    options = BlobOptions(
        max_degree_of_parallelism=section.take("maxDegreeOfParallelism", between(1, 1000), 8 * (os.cpu_count() or 1)),
        poison_blob_threshold=section.take("poisonBlobThreshold", between(1, 1000), 5),
    )
    section.finish()
    return options


def _route_prefix(section: Section) -> str:
    section.drop(*_HTTP_NO_LOCAL_EFFECT)
    prefix = section.take("routePrefix", text, "api")
    section.finish()
    return prefix.strip("/")


def _log_levels(section: Section) -> Mapping[str, str]:
    section.drop("applicationInsights", "fileLoggingMode", "console")
    none: Mapping[str, str] = {}
    found = section.take("logLevel", levels, none)
    section.finish()
    return found


def _lock_period(section: Section) -> float:
    section.drop("lockPeriod", "listenerLockRecoveryPollingInterval")
    section.drop("lockAcquisitionTimeout", "lockAcquisitionPollingInterval")
    period = section.take("listenerLockPeriod", span, 60.0)
    section.finish()
    if not 15 <= period <= 60:
        raise Refused("host.json: singleton.listenerLockPeriod must be 00:00:15 to 00:01:00")
    return period
