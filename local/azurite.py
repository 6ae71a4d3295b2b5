"""Azurite, the Azure Storage emulator: installed once, run on disk, stopped so that it can save.

On disk, because in memory its collector stops the whole server for minutes; ended by SIGTERM, because
a killed Azurite forgets the last seconds of what it has acknowledged.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.lock import locked, take
from local.node import Node, find_node
from local.program import Program

VERSION = "3.37.0"
ACCOUNT = "devstoreaccount1"
# The key every storage emulator has used since the first: public, and no secret.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
TOOLS = Path(__file__).resolve().parent.parent / ".tools"
_SCRIPT = Path("node_modules/azurite/dist/src/azurite.js")


@dataclass(frozen=True)
class AzuritePorts:
    """The three ports; 0 takes a free one."""

    blob: int = 0
    queue: int = 0
    table: int = 0


@dataclass(frozen=True)
class Azurite:
    """A running Azurite."""

    blob_endpoint: str
    queue_endpoint: str
    table_endpoint: str
    program: Program
    account: str = ACCOUNT
    key: str = KEY

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self.program.pid

    @property
    def connection_string(self) -> str:
        """For any Azure Storage client, and for the setting AzureWebJobsStorage."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.account};AccountKey={self.key};"
            f"BlobEndpoint={self.blob_endpoint};QueueEndpoint={self.queue_endpoint};"
            f"TableEndpoint={self.table_endpoint};"
        )

    def stop(self) -> None:
        """SIGTERM, and wait until everything is on disk."""
        self.program.stop(patience=60)


@contextmanager
def start_azurite(folder: Path, ports: AzuritePorts | None = None, log: Path | None = None) -> Iterator[Azurite]:
    """Azurite on 127.0.0.1, its data in `folder`; installed first if need be, stopped after the block."""
    azurite = open_azurite(folder, ports or AzuritePorts(), log or folder / "azurite.log")
    try:
        yield azurite
    finally:
        azurite.stop()


def open_azurite(folder: Path, ports: AzuritePorts, log: Path) -> Azurite:
    """The same without the block: the caller owes a `stop`. Raises NotReady, or Busy for a folder in use."""
    node = find_node(TOOLS)
    script = install_azurite(node, TOOLS)
    folder.mkdir(parents=True, exist_ok=True)
    # Two of them on one folder would overwrite each other's data; the last one may still be saving.
    with take(folder / ".lock", patience=20) as lock:
        command = _command(node, script, folder, ports)
        program = Program("azurite", command, log, keep_open=[lock.fileno()])
    try:
        return Azurite(
            blob_endpoint=_endpoint(program, "Blob"),
            queue_endpoint=_endpoint(program, "Queue"),
            table_endpoint=_endpoint(program, "Table"),
            program=program,
        )
    except BaseException:
        program.stop()
        raise


def install_azurite(node: Node, tools: Path, patience: float = 900) -> Path:
    """The script that starts Azurite: installed once, pinned; an install that was cut short is redone.

    `patience` in seconds. Raises RuntimeError with npm's reason, or when it has none within its time.
    """
    home = tools / "azurite"
    mark = home / ".complete"
    with locked(tools / "azurite.lock"):
        if not mark.exists() or mark.read_text().strip() != VERSION:
            _npm_install(node, home, patience)
            mark.write_text(VERSION)
    return home / _SCRIPT


def _npm_install(node: Node, home: Path, patience: float) -> None:
    print(f"installing azurite@{VERSION} into {home} (once, about half a minute)", file=sys.stderr)
    (home / ".complete").unlink(missing_ok=True)
    shutil.rmtree(home / "node_modules", ignore_errors=True)
    home.mkdir(parents=True, exist_ok=True)
    # It asks for node 22 but runs on 20, which this project still takes; no package needs its install script.
    options = ["--no-engine-strict", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    command = [*node.npm, "install", "--prefix", str(home), *options, f"azurite@{VERSION}"]
    try:
        done = subprocess.run(
            command,
            cwd=home,
            env=node.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=patience,
        )
    except subprocess.TimeoutExpired:
        wait = f"npm did not install azurite@{VERSION} within {patience:g} s"
        raise RuntimeError(f"{wait}: it waits for its registry, `npm ping` says why") from None
    if done.returncode:
        raise RuntimeError(f"npm could not install azurite@{VERSION}:\n{done.stderr.strip()}")


def _command(node: Node, script: Path, folder: Path, ports: AzuritePorts) -> list[str]:
    options = ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--location", str(folder)]
    for service in ("blob", "queue", "table"):
        options += [f"--{service}Host", "127.0.0.1", f"--{service}Port", str(getattr(ports, service))]
    return [node.executable, str(script), *options]


def _endpoint(program: Program, service: str) -> str:
    said = program.wait_ready(rf"^Azurite {service} service is successfully listening at (http://\S+)$", patience=60)
    return f"{said.group(1)}/{ACCOUNT}"
