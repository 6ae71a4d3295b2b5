"""The only place that picks the real ports. Built on first use and kept: a cold worker pays once, an import never.

Everything is lazy: `import function_app` loads no SDK but azure.functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from controller.api import Answer
from controller.budget import Pace
from controller.caller import HEADER, refusal
from controller.deployment import Deployment
from shared.errors import Problem, Rejected
from shared.http_auth import HttpAuth
from shared.logs import quiet_sdks
from shared.names import JOBS, RESULTS, STATE, STATUS, owner
from shared.policy import Policy, parse_policy
from shared.ports import BatchPort, BlobPort, Ports
from shared.settings import Settings, connection_parts, read_settings
from shared.specs import RegistrySpec, Site
from shared.veil import VEIL

if TYPE_CHECKING:
    from shared.azure.blobs import AzureBlobs
    from shared.azure.line import Line
    from shared.azure.vault import VaultSecrets

HTTP_SECONDS = 60
POLICY_BLOB = "policy.yaml"
POLICY_FRESH = timedelta(seconds=30)


@dataclass(frozen=True)
class App:
    """The wired controller."""

    ports: Ports
    deployment: Deployment


class Request(Protocol):
    """What is read of a request before it is let in."""

    @property
    def method(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


@dataclass
class Worker:
    """What this process serves: wired by its settings at the first call, unless its host has put something there."""

    app: App | None = None


WORKER = Worker()


def app() -> App:
    """The controller of this worker. SettingsError names every setting that is missing or wrong."""
    if WORKER.app is None:
        WORKER.app = wire()
    return WORKER.app


def wire() -> App:
    """By the settings, over the network."""
    quiet_sdks()
    settings = read_settings()
    ports = make_ports(settings)
    make_containers(ports)
    return App(ports, make_deployment(settings, ports))


def run(handle: Callable[..., None], *values: object, seconds: int) -> None:
    """Call a handler of `controller.triggers` with the ports, everything it asks bounded by `seconds`."""
    wired = app()
    with within(seconds):
        handle(*values, wired.ports, wired.deployment)


def tell(auth: HttpAuth, request: Request, handle: Callable[..., Answer], *values: object) -> Answer:
    """Call a function of `controller.api` that looks at nothing, for who may ask; others get their refusal."""
    return refusal(auth, request.headers.get(HEADER), request.method) or handle(*values)


def ask(auth: HttpAuth, request: Request, handle: Callable[..., Answer], *values: object) -> Answer:
    """Call a function of `controller.api` with the ports, likewise."""
    return tell(auth, request, _bounded, handle, *values)


def _bounded(handle: Callable[..., Answer], *values: object) -> Answer:
    wired = app()
    with within(HTTP_SECONDS):
        return handle(*values, wired.ports)


def within(seconds: int) -> AbstractContextManager[object]:
    from shared.azure.deadline import Deadline, bounded

    return bounded(Deadline.after(timedelta(seconds=seconds)))


def make_ports(settings: Settings, by: Line | None = None) -> Ports:
    """The real world: storage, Batch, queue, events, Key Vault, clock; over the network unless `by` says otherwise.
    Clients open on first use."""
    from shared.azure.blobs import AzureBlobs
    from shared.azure.events import QueueEvents, TopicEvents
    from shared.azure.line import NETWORK
    from shared.azure.locks import BlobLocks
    from shared.azure.queue import WakeQueue
    from shared.azure.vault import VaultSecrets

    by = by or NETWORK
    for account in (settings.control, settings.work):
        if account.connection_string:
            VEIL.learn(connection_parts(account.connection_string)["accountkey"])
    secrets = VaultSecrets(settings.key_vault, by.clock, by)
    signing = partial(secrets.get, settings.work_key_secret) if settings.work_key_secret else None
    work = AzureBlobs(settings.work, signing, by)
    queue = WakeQueue(settings.control, by=by)
    topic_key = settings.topic_key_secret or ""
    return Ports(
        control=AzureBlobs(settings.control, by=by),
        work=work,
        batch=make_batch(settings, work, secrets, by),
        locks=BlobLocks(settings.control, by),
        queue=queue,
        events=TopicEvents(settings.topic, partial(secrets.get, topic_key), partial(secrets.reread, topic_key), by)
        if settings.topic
        else QueueEvents(queue),
        secrets=secrets,
        clock=by.clock,
    )


def make_batch(settings: Settings, work: AzureBlobs, secrets: VaultSecrets, by: Line) -> BatchPort:
    """Identity mode where the settings name an identity for the nodes, else keys mode."""
    from shared.azure.batch_door import BatchKey
    from shared.azure.batch_modes import by_identity, by_keys

    endpoint = settings.batch_endpoint
    if settings.identity is not None:
        return by_identity(endpoint, work, secrets, settings.identity, by)
    key = None
    if settings.batch_key_secret and settings.batch_account:
        name = settings.batch_key_secret
        key = BatchKey(settings.batch_account, partial(secrets.get, name), partial(secrets.reread, name))
    return by_keys(endpoint, work, secrets, key, by)


def make_containers(ports: Ports) -> None:
    """The controller's own containers, where they are not there yet."""
    for name in (JOBS, STATUS, STATE):
        if not ports.control.container_exists(name):
            ports.control.create_container(name, {})
    if not ports.work.container_exists(RESULTS):
        ports.work.create_container(RESULTS, {})


def make_deployment(settings: Settings, ports: Ports) -> Deployment:
    registry = settings.registry
    registries = (RegistrySpec(registry.server, registry.user, registry.password_secret),) if registry else ()
    return Deployment(
        owner=owner(settings.control.name, settings.deployment),
        policy=PolicyReader(ports.control, settings.policy, ports, settings.own_secrets).read,
        pace=Pace(settings.poll_min.total_seconds(), settings.poll_max.total_seconds()),
        site=Site(registries, settings.subnet, settings.start_task),
        pass_time=settings.pass_time,
        reap_foreign=settings.reap_foreign,
    )


class PolicyReader:
    """The operator's policy: blob `batchdrop/policy.yaml`, else the file of BATCHDROP_POLICY, else nothing allowed."""

    def __init__(
        self, control: BlobPort, path: str | None, ports: Ports, own_secrets: frozenset[str] = frozenset()
    ) -> None:
        self._own_secrets = own_secrets
        self._control = control
        self._path = path
        self._ports = ports
        self._read_at: datetime | None = None
        self._policy = Policy()

    def read(self) -> Policy:
        """Read anew every 30 seconds. Rejected when it does not parse: what it would allow stops."""
        now = self._ports.clock.now()
        if self._read_at is None or now - self._read_at >= POLICY_FRESH:
            self._policy = self._load().model_copy(update={"own_secrets": self._own_secrets})
            self._read_at = now
        return self._policy

    def _load(self) -> Policy:
        blob = self._control.read(STATE, POLICY_BLOB)
        if blob is not None:
            return parse_policy(blob.content)
        return parse_policy(self._file(self._path)) if self._path else Policy()

    def _file(self, path: str) -> bytes:
        try:
            return Path(path).read_bytes()
        except OSError as error:
            what = f"the file of BATCHDROP_POLICY is not there or not readable ({error.strerror})"
            raise Rejected((Problem("", "policy", what, "correct the setting, or the file"),)) from error
