"""The whole stack: what is started, in which order, and stopped the other way round."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urlsplit

from local.azurite import KEY, Azurite, AzuritePorts, open_azurite
from local.certificates import Certificate, ensure_certificate
from local.images import build_images
from local.podman import Podman, own_podman
from local.program import Program
from local.stack.endpoints import Endpoints
from local.stack.host import Host
from local.stack.host_program import CoreTools, HostKind, LocalHost, find_core_tools
from local.stack.keys import Mode, StackKeys
from local.stack.layout import CHECKOUT, Layout
from local.stack.ports import FREE, StackPorts, check_free, free_port
from local.stack.services import Services, small_services
from local.stack.settings import (
    BATCH_ACCOUNT,
    Facts,
    app_settings,
    client_settings,
    write_environment,
    write_local_settings,
)
from local.stack.storage import prepare_storage

ContainerKind = Literal["folders", "podman"]


def _quiet(_line: str) -> None:
    return None


class Stack:
    """Azurite, Key Vault, managed identity, Event Grid topic, Batch emulator and Functions host, as one.

    `with Stack(folder) as stack:` starts them all, on free ports unless told otherwise, and stops them all.
    With `containers="podman"` the examples' images are built by podman and tasks run in real containers; otherwise an
    image is a folder over this machine's files. `settings` are the Function App's settings, `endpoints` the addresses.
    `batch_admin`: the emulator lets itself be driven; `batch_options`: more of its options. `steer` makes of the
    Function App's settings those that it is given, to lead it to its services by another way.
    Raises PortTaken, NotReady, Busy, NoPodman, PodmanFailed.
    """

    settings: dict[str, str]
    endpoints: Endpoints
    podman: Podman | None = None
    """Where the containers are, with `containers="podman"`."""

    def __init__(
        self,
        folder: Path,
        *,
        host: HostKind = "local",
        mode: Mode = "keys",
        ports: StackPorts = FREE,
        app: Path = CHECKOUT,
        keep_host: bool = True,
        containers: ContainerKind = "folders",
        say: Callable[[str], None] = _quiet,
        batch_admin: bool = False,
        batch_options: Sequence[str] = (),
        steer: Callable[[Mapping[str, str]], dict[str, str]] = dict,
    ) -> None:
        self._batch_options = [*batch_options, *(["--admin"] if batch_admin else [])]
        self._steer = steer
        self.layout = Layout(folder.resolve())
        self._kind = host
        self._mode: Mode = mode
        self._ports = ports
        self._app = app
        self._keep_host = keep_host
        self._containers = containers
        self._say = say
        self._opened = ExitStack()
        self._programs: list[Program] = []
        self._azurite: Azurite | None = None
        self._host: Host | None = None

    def __enter__(self) -> Self:
        """Start everything; what has been started is stopped again when something fails."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything."""
        self.stop()

    def start(self) -> None:
        """Start everything in order; returns when all of it is ready."""
        check_free(self._ports)
        if self._kind == "func":
            find_core_tools()
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything in the reverse order, by SIGTERM."""
        self._opened.close()

    @property
    def storage(self) -> str:
        """The connection string of the storage account."""
        return self.settings["AzureWebJobsStorage"]

    @property
    def host_pid(self) -> int | None:
        """The process id of the Functions host, None while none runs."""
        return self._host.pid if self._host else None

    @property
    def pids(self) -> dict[str, int]:
        """The process ids of what runs, by name."""
        host = {"functions host": self.host_pid} if self.host_pid else {}
        return {program.name: program.pid for program in self._programs} | host

    def kill_host(self) -> None:
        """End the Functions host, and only it, by SIGKILL. With `keep_host` it comes back by itself."""
        self._running_host().kill()

    def restart_host(self) -> None:
        """A new Functions host; returns when it is ready."""
        self._running_host().restart()

    def stop_storage(self) -> None:
        """End Azurite, and only it, by SIGTERM: a killed one would forget what it has acknowledged."""
        if self._azurite is not None:
            self._programs.remove(self._azurite.program)
            self._azurite.stop()
            self._azurite = None

    def start_storage(self) -> None:
        """Azurite again, at the same addresses, with all that it had. Raises NotReady."""
        if self._azurite is None:
            blob, queue, table = (
                urlsplit(url).port or 0 for url in (self.endpoints.blob, self.endpoints.queue, self.endpoints.table)
            )
            self._open_azurite(AzuritePorts(blob, queue, table))

    def ended(self) -> str | None:
        """What is wrong when a service that must not end has ended, else None."""
        for program in self._programs:
            if program.exit_code is not None:
                return f"{program.name} ended with {program.exit_code}; see {program.log}"
        return None

    def _start(self) -> None:
        azurite = self._start_azurite()
        keys = StackKeys(storage=KEY)
        certificate = ensure_certificate(self.layout.certificate)
        host_port = self._ports.host or free_port()
        host_url = f"http://127.0.0.1:{host_port}"
        secrets = keys.vault(self._mode)
        services = self._opened.enter_context(small_services(certificate, secrets, keys, self._ports, host_url))
        batch, secure = self._start_batch(keys, azurite.connection_string, certificate)
        self.endpoints = replace(_endpoints(azurite, services, batch, host_url), arm=secure)
        facts = Facts(azurite.connection_string, self.endpoints, keys, services.authorities, self._mode)
        self.settings = self._steer(app_settings(facts))
        write_environment(self.layout.environment, {**self.settings, **client_settings(facts)})
        self._opened.callback(self.layout.environment.unlink, missing_ok=True)
        prepare_storage(azurite.connection_string)
        self._start_host(host_port)

    def _start_azurite(self) -> Azurite:
        self._opened.callback(self.stop_storage)
        return self._open_azurite(AzuritePorts(self._ports.blob, self._ports.queue, self._ports.table))

    def _open_azurite(self, ports: AzuritePorts) -> Azurite:
        self._azurite = open_azurite(self.layout.azurite, ports, self.layout.log("azurite"))
        self._programs.append(self._azurite.program)
        return self._azurite

    def _start_batch(self, keys: StackKeys, storage: str, certificate: Certificate) -> tuple[str, str | None]:
        """Its address, and in identity mode that with TLS."""
        options, environment = self._start_containers(sorted(self._app.glob("examples/*/Dockerfile")))
        argv = [
            *(sys.executable, "-m", "local.batch_emulator", "--port", str(self._ports.batch)),
            *("--account", BATCH_ACCOUNT, "--key", keys.batch, *options),
            *("--data", str(self.layout.batch), "--storage", storage),
        ]
        argv += self._batch_options
        if self._mode == "identity":
            argv += ["--https-port", str(self._ports.arm)]
            argv += ["--cert", str(certificate.certificate), "--certkey", str(certificate.key)]
        log = self.layout.log("batch")
        program = Program("batch emulator", argv, log, folder=CHECKOUT, environment=environment)
        self._opened.callback(program.stop)
        self._programs.append(program)
        found = program.wait_ready(r"^batch emulator ready: (http://\S+)(?:.* https=(https://\S+))?", patience=30)
        return found.group(1), found.group(2)

    def _start_containers(self, dockerfiles: list[Path]) -> tuple[list[str], dict[str, str] | None]:
        """Make the images; give the emulator's options and environment for them."""
        if self._containers == "folders":
            return ["--images", str(build_images(dockerfiles, self.layout.root))], None
        self._say("building images with podman")
        self.podman = self._opened.enter_context(own_podman(self.layout.containers))
        self.podman.build(dockerfiles)
        return [], {**os.environ, **self.podman.environment, "BATCH_EMULATOR_RUNNER": "podman"}

    def _start_host(self, port: int) -> None:
        if self._kind != "local":
            self._say(f"wrote {write_local_settings(self._app, self.settings, port)}")
        if self._kind == "none":
            return
        starter = LocalHost if self._kind == "local" else CoreTools
        self._host = Host(
            starter(self._app, port, self.settings, self.layout.log("host")), self._say, keep=self._keep_host
        )
        self._opened.callback(self._host.stop)
        self._host.start()

    def _running_host(self) -> Host:
        if self._host is None:
            raise LookupError("this stack runs no Functions host (--host none)")
        return self._host


def _endpoints(azurite: Azurite, services: Services, batch: str, host: str) -> Endpoints:
    return Endpoints(
        blob=azurite.blob_endpoint,
        queue=azurite.queue_endpoint,
        table=azurite.table_endpoint,
        batch=batch,
        vault=services.vault,
        identity=services.identity,
        topic=services.topic,
        host=host,
    )
