"""Picks the means of running tasks: the first that really runs a command with a bound folder on this machine."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from local.batch_emulator.runner.attempt import Runner
from local.batch_emulator.runner.engine import MODEST_PODMAN, Engine, EngineRunner
from local.batch_emulator.runner.images import ImageFile
from local.batch_emulator.runner.isolated import BubblewrapRunner, UnshareRunner
from local.batch_emulator.runner.mounts.choice import choose_mounter
from local.batch_emulator.runner.mounts.stores import Stores
from local.batch_emulator.runner.node_execution import NodeExecution
from local.batch_emulator.runner.plain import ProcessRunner
from local.batch_emulator.runner.probe import PROBE_IMAGE, import_probe_image, probe

VARIABLE = "BATCH_EMULATOR_RUNNER"


class NoRunner(Exception):
    """The means that was asked for does not work here; the text says why."""


def choose_execution(
    images: Path | None, data: Path, runner: str | None = None, stores: Stores | None = None, mounts: str | None = None
) -> NodeExecution:
    """Give the execution for a machine.

    `images` is the file of images (see images.py), `data` a folder for passing files. `runner` (or the environment's
    BATCH_EMULATOR_RUNNER) forces podman, docker, unshare, bwrap or process. `stores` are the storage accounts that
    mounts and identities reach; `mounts` (or BATCH_EMULATOR_MOUNTS) forces rclone or synchronised. Raises NoRunner when
    that runner does not work, NoMounter for that way to mount.
    """
    file, wanted = ImageFile(images), runner or os.environ.get(VARIABLE) or None
    if wanted is not None and wanted not in _CANDIDATES:
        raise NoRunner(f"{VARIABLE}={wanted} is not one of {', '.join(_CANDIDATES)}")
    reasons: list[str] = []
    for name in _CANDIDATES if wanted is None else (wanted,):
        for found in _CANDIDATES[name](file, data, reasons):
            return NodeExecution(found, data, choose_mounter(data.resolve() / "scratch", mounts), stores)
        reasons = reasons or [f"there is no program {name}"]
    raise NoRunner(f"{VARIABLE}={wanted} does not work here: {'; '.join(reasons)}")


def _engine(
    name: str, settings: Mapping[str, str], images: ImageFile, data: Path, reasons: list[str]
) -> Iterator[Runner]:
    program = shutil.which(name)
    if program is None:
        return
    engine = Engine(name, program, settings)
    if not import_probe_image(engine, data):
        reasons.append(f"{name} cannot import an image: does its service run?")
        return
    if _works(EngineRunner(engine, images, None), data, reasons, PROBE_IMAGE):
        yield EngineRunner(engine, images, next(_without_engine(images, data, reasons)))


def _podman(images: ImageFile, data: Path, reasons: list[str]) -> Iterator[Runner]:
    yield from _engine("podman", {}, images, data, reasons)
    modest = data / "containers.conf"
    data.mkdir(parents=True, exist_ok=True)
    modest.write_text(MODEST_PODMAN, encoding="utf-8")
    yield from _engine("podman", {"CONTAINERS_CONF": str(modest.resolve())}, images, data, reasons)


def _docker(images: ImageFile, data: Path, reasons: list[str]) -> Iterator[Runner]:
    yield from _engine("docker", {}, images, data, reasons)


def _unshare(images: ImageFile, data: Path, reasons: list[str]) -> Iterator[Runner]:
    for overlay in (True, False):
        found = UnshareRunner(images, overlay)
        if _works(found, data, reasons):
            yield found


def _bubblewrap(images: ImageFile, data: Path, reasons: list[str]) -> Iterator[Runner]:
    program = shutil.which("bwrap")
    if program is None:
        return
    found = BubblewrapRunner(images, program)
    if _works(found, data, reasons):
        yield found


def _process(images: ImageFile, data: Path, reasons: list[str]) -> Iterator[Runner]:
    found = ProcessRunner(images)
    if _works(found, data, reasons):
        yield found


def _without_engine(images: ImageFile, data: Path, reasons: list[str]) -> Iterator[Runner]:
    for candidates in (_unshare, _bubblewrap, _process):
        yield from candidates(images, data, reasons)


def _works(runner: Runner, data: Path, reasons: list[str], image: str | None = None) -> bool:
    why = probe(runner, data, image)
    if why is not None:
        reasons.append(why)
    return why is None


_CANDIDATES: Mapping[str, Callable[[ImageFile, Path, list[str]], Iterator[Runner]]] = {
    "podman": _podman,
    "docker": _docker,
    "unshare": _unshare,
    "bwrap": _bubblewrap,
    "process": _process,
}
