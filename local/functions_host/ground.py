"""What every trigger stands on, and what each of them adds to the host."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import ContainerClient

from local.functions_host.admin import MakeCall
from local.functions_host.blob_lease import BlobLease
from local.functions_host.connections import HOST_STORAGE, Connections
from local.functions_host.errors import Refused
from local.functions_host.host_config import HostConfig, read_host_config
from local.functions_host.host_id import read_host_id
from local.functions_host.invoker import Invoker
from local.functions_host.loop import Step
from local.functions_host.options import Options
from local.functions_host.outputs import OutputWriter
from local.functions_host.queue_listener import QueueListener
from local.functions_host.queue_watch import QueueWatch
from local.functions_host.settings import Settings, fill_environment, read_local_settings
from local.functions_host.webhooks import Receiver

_HOSTS = "azure-webjobs-hosts"
_THREADS = "PYTHON_THREADPOOL_THREAD_COUNT"


@dataclass
class Part:
    """What one kind of trigger adds: loops to run, queues to settle, locks to renew, ways in."""

    steps: list[Step] = field(default_factory=list)
    queues: list[QueueListener] = field(default_factory=list)
    leases: list[BlobLease] = field(default_factory=list)
    calls: dict[str, MakeCall] = field(default_factory=dict)
    webhooks: dict[str, Receiver] = field(default_factory=dict)

    def add(self, other: "Part") -> None:
        """Take over everything of another part."""
        self.steps += other.steps
        self.queues += other.queues
        self.leases += other.leases
        self.calls |= other.calls
        self.webhooks |= other.webhooks


@dataclass(frozen=True)
class Ground:
    """Options, settings and clients shared by all triggers."""

    options: Options
    settings: Settings
    config: HostConfig
    connections: Connections
    watch: QueueWatch
    outputs: OutputWriter
    invoker: Invoker
    host_id: str

    def hosts(self) -> ContainerClient:
        """The host's own container, made when missing; Refused when storage does not answer."""
        service = self.connections.blobs("", HOST_STORAGE)
        container = service.get_container_client(_HOSTS)
        try:
            container.create_container()
        except ResourceExistsError:
            return container
        except AzureError as error:
            raise Refused(f"{HOST_STORAGE}: no answer from {service.url}: {error}") from error
        return container


def read_settings(options: Options) -> Settings:
    """The environment, after the settings file has filled the gaps in it."""
    own = options.app / "local.settings.json"
    file = options.settings or (own if own.is_file() else None)
    if file is not None:
        fill_environment(read_local_settings(file))
    settings = Settings(os.environ)
    runtime = settings.get("FUNCTIONS_WORKER_RUNTIME")
    if runtime not in (None, "python"):
        raise Refused(f"FUNCTIONS_WORKER_RUNTIME is {runtime!r}: this host runs python only")
    return settings


def read_config(options: Options, settings: Settings) -> HostConfig:
    """host.json with what the command line makes shorter."""
    config = read_host_config(options.app, settings)
    longest = min(config.queues.max_polling_interval, options.poll or config.queues.max_polling_interval)
    queues = replace(config.queues, max_polling_interval=longest, invisibility=float(options.queue_invisibility))
    lock_period = float(options.lease_seconds or config.listener_lock_period)
    return replace(config, queues=queues, listener_lock_period=lock_period)


def make_ground(options: Options, settings: Settings, config: HostConfig, on_timeout: Callable[[str], None]) -> Ground:
    """The clients and the invoker; nothing runs and nothing is asked yet."""
    connections = Connections(settings)
    watch = QueueWatch()
    outputs = OutputWriter(connections, config.queues.message_encoding, watch)
    invoker = Invoker(outputs, _threads(settings), config.function_timeout, on_timeout)
    return Ground(options, settings, config, connections, watch, outputs, invoker, read_host_id(options.app, settings))


def _threads(settings: Settings) -> int | None:
    text = settings.get(_THREADS)
    if text is not None and not (text.isdigit() and 1 <= int(text) <= 32):
        raise Refused(f"{_THREADS}: {text!r} must be 1 to 32")
    return int(text) if text else None
