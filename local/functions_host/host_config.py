"""host.json, with its overrides from `AzureFunctionsJobHost__*` settings, as typed values."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from local.functions_host.errors import Refused
from local.functions_host.settings import Settings
from local.functions_host.timespan import seconds

T = TypeVar("T")

_OVERRIDE = "AzureFunctionsJobHost__"
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


class Section:
    """One object of host.json: each key is taken once, what is left over is refused by name."""

    def __init__(self, path: str, values: Any) -> None:
        if not isinstance(values, dict):
            raise Refused(f"host.json: {path} must be an object")
        self._path = path
        self._values = {key.lower(): (key, value) for key, value in values.items()}

    def take(self, key: str, parse: Callable[[Any, str], T], default: T) -> T:
        """The parsed value of `key`, or the default when it is absent."""
        if key.lower() not in self._values:
            return default
        return parse(self._values.pop(key.lower())[1], self.where(key))

    def section(self, key: str) -> "Section":
        """The object below `key`; an empty one when it is absent."""
        return Section(self.where(key), self._values.pop(key.lower(), (key, {}))[1])

    def drop(self, *keys: str) -> None:
        """Accept keys that have no effect here."""
        for key in keys:
            self._values.pop(key.lower(), None)

    def where(self, key: str) -> str:
        """The dotted name of a key, for messages."""
        return f"{self._path}.{key}" if self._path else key

    def finish(self) -> None:
        """Refuse what nobody took."""
        if self._values:
            names = ", ".join(self.where(key) for key, _ in self._values.values())
            raise Refused(f"host.json: {names} is not supported by the local functions host")


def read_host_config(app: Path, settings: Settings) -> HostConfig:
    """host.json of an app folder; Refused when it is missing, broken, or asks for what this host has not."""
    try:
        document = json.loads((app / "host.json").read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise Refused(f'{app / "host.json"} is missing; the smallest one is {{"version": "2.0"}}') from None
    except ValueError as error:
        raise Refused(f"{app / 'host.json'}: is not JSON: {error}") from error
    root = Section("", _with_overrides(document, settings))
    if root.take("version", _text, "") != "2.0":
        raise Refused('host.json: version must be "2.0"')
    config = _config(root)
    root.finish()
    return config


def _with_overrides(document: Any, settings: Settings) -> Any:
    for name in settings.names():
        if name.startswith(_OVERRIDE):
            _put(document, name.removeprefix(_OVERRIDE).split("__"), settings.get(name))
    return document


def _put(target: Any, path: list[str], value: str | None) -> None:
    for part in path[:-1]:
        key = _key(target, part)
        target = target.setdefault(key, {})
    target[_key(target, path[-1])] = value


def _key(target: Any, name: str) -> str:
    """The key as the document spells it: configuration names do not mind case."""
    return next((key for key in target if key.lower() == name.lower()), name)


def _config(root: Section) -> HostConfig:
    default: float | None = HostConfig.function_timeout
    root.drop(*_NO_LOCAL_EFFECT)
    _refuse_dynamic_concurrency(root.section("concurrency"))
    extensions = root.section("extensions")
    config = HostConfig(
        function_timeout=root.take("functionTimeout", _timeout, default),
        queues=_queues(extensions.section("queues")),
        blobs=_blobs(extensions.section("blobs")),
        route_prefix=_route_prefix(extensions.section("http")),
        log_levels=_log_levels(root.section("logging")),
        listener_lock_period=_lock_period(root.section("singleton")),
        functions=root.take("functions", _names, None),
    )
    extensions.finish()
    return config


def _refuse_dynamic_concurrency(section: Section) -> None:
    if section.take("dynamicConcurrencyEnabled", _flag, False):
        raise Refused("host.json: concurrency.dynamicConcurrencyEnabled is not supported by the local functions host")
    section.drop("snapshotPersistenceEnabled")
    section.finish()


def _queues(section: Section) -> QueueOptions:
    batch = section.take("batchSize", _between(1, 32), 16)
    options = QueueOptions(
        batch_size=batch,
        new_batch_threshold=section.take("newBatchThreshold", _between(0, 1000), batch // 2 * (os.cpu_count() or 1)),
        visibility_timeout=section.take("visibilityTimeout", _span, 0.0),
        max_dequeue_count=section.take("maxDequeueCount", _between(1, 1000), 5),
        max_polling_interval=section.take("maxPollingInterval", _span, 60.0),
        message_encoding=section.take("messageEncoding", _encoding, "base64"),
    )
    section.finish()
    return options


def _blobs(section: Section) -> BlobOptions:
    options = BlobOptions(
        max_degree_of_parallelism=section.take("maxDegreeOfParallelism", _between(1, 1000), 8 * (os.cpu_count() or 1)),
        poison_blob_threshold=section.take("poisonBlobThreshold", _between(1, 1000), 5),
    )
    section.finish()
    return options


def _route_prefix(section: Section) -> str:
    section.drop(*_HTTP_NO_LOCAL_EFFECT)
    prefix = section.take("routePrefix", _text, "api")
    section.finish()
    return prefix.strip("/")


def _log_levels(section: Section) -> Mapping[str, str]:
    section.drop("applicationInsights", "fileLoggingMode", "console")
    none: Mapping[str, str] = {}
    levels = section.take("logLevel", _levels, none)
    section.finish()
    return levels


def _lock_period(section: Section) -> float:
    section.drop("lockPeriod", "listenerLockRecoveryPollingInterval")
    section.drop("lockAcquisitionTimeout", "lockAcquisitionPollingInterval")
    period = section.take("listenerLockPeriod", _span, 60.0)
    section.finish()
    if not 15 <= period <= 60:
        raise Refused("host.json: singleton.listenerLockPeriod must be 00:00:15 to 00:01:00")
    return period


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise Refused(f"host.json: {where} must be a string")
    return value


def _span(value: Any, where: str) -> float:
    return seconds(_text(value, where), f"host.json: {where}")


def _timeout(value: Any, where: str) -> float | None:
    return None if value in ("-1", -1, "-00:00:00.001") else _span(value, where)


def _flag(value: Any, where: str) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise Refused(f"host.json: {where} must be true or false")
    return str(value).lower() == "true"


def _between(low: int, high: int) -> Callable[[Any, str], int]:
    def parse(value: Any, where: str) -> int:
        if not str(value).isdigit() or not low <= int(value) <= high:
            raise Refused(f"host.json: {where} must be a whole number from {low} to {high}")
        return int(value)

    return parse


def _encoding(value: Any, where: str) -> str:
    if _text(value, where).lower() not in ("base64", "none"):
        raise Refused(f"host.json: {where} must be base64 or none")
    return str(value).lower()


def _levels(value: Any, where: str) -> Mapping[str, str]:
    if not isinstance(value, dict):
        raise Refused(f"host.json: {where} must be an object")
    return {category: _text(level, f"{where}.{category}") for category, level in value.items()}


def _names(value: Any, where: str) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Refused(f"host.json: {where} must be a list of function names")
    return tuple(value)
