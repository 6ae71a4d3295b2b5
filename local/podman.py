"""Podman with a store of its own: images built offline from Dockerfiles, containers that nobody else sees.

Everything lies below one folder and is removed with it, save what podman keeps while containers run. It is only used as
root: what belongs to other users' name spaces could not be removed plainly.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from local.base_image import PATH, write_base_image
from local.batch_emulator.runner.engine import MODEST_PODMAN, Engine
from local.batch_emulator.runner.probe import PROBE_IMAGE, import_probe_image
from local.dockerfile import image_names

_BASE = "localhost/batchdrop-base:1"
_PLAIN = '[engine]\nevents_logger = "file"\n'
_SETTINGS = tuple(product((MODEST_PODMAN, _PLAIN), ("overlay", "vfs")))
"""Settings and storage drivers, tried in this order."""
_SECONDS = 120.0
_TRIED = "localhost/batchdrop-tried:1"
_PYTHON = ("python3", "-c", "print('works')")


class NoPodman(Exception):
    """Podman cannot run a container here; the text says why."""


class PodmanFailed(Exception):
    """A command of podman failed; the text ends with its own words."""


@dataclass(frozen=True)
class Podman:
    """A podman that works on this machine. `environment` makes any other call of podman use the same store."""

    folder: Path
    environment: Mapping[str, str]

    @property
    def running(self) -> Path:
        """What podman keeps of running containers.

        The end of a container is noticed at once only where this path is short; elsewhere podman waits for 20 s.
        """
        return Path(tempfile.gettempdir()) / f"podman-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]}"

    def build(self, dockerfiles: Iterable[Path]) -> None:
        """Make the images of Dockerfiles, under the names of their `# image:` lines, without any network.

        The build argument BASE is an image with this machine's own Python. Raises PodmanFailed.
        """
        for path in dockerfiles:
            names = [word for name in image_names(path) for word in ("--tag", name)]
            options = ("--layers=false", "--pull-never", "--network", "none", "--build-arg", f"BASE={_BASE}")
            self.call("build", *options, *names, "--file", str(path), str(path.parent))

    def started(self) -> list[str]:
        """The images of all containers that were ever started, oldest first."""
        asked = ("--stream=false", "--filter", "type=container", "--filter", "event=start", "--format", "{{.Image}}")
        return self.call("events", *asked).split()

    def containers(self) -> list[str]:
        """The names of all containers that are there, running or not."""
        return self.call("ps", "--all", "--format", "{{.Names}}").split()

    def call(self, *words: str) -> str:
        """What a podman command prints. Raises PodmanFailed when it fails."""
        ended = _podman(self.environment, *words)
        if ended.returncode:
            raise PodmanFailed(
                f"podman {' '.join(words)} ended with {ended.returncode}: {ended.stderr.strip()[-2000:]}"
            )
        return ended.stdout


@contextmanager
def own_podman(folder: Path) -> Iterator[Podman]:
    """A podman whose store is `folder`, which is made anew and removed in the end, with every container in it.

    Raises NoPodman when no container can be run; what was tried is in its text.
    """
    folder = folder.resolve()
    reasons = [_missing()] if _missing() else []
    for settings, driver in () if reasons else _SETTINGS:
        made = _configured(folder, settings, driver)
        try:
            why = _probe(made)
            if why is None:
                yield made
                return
            reasons.append(f"{driver}: {why}")
        finally:
            _remove(made)
    raise NoPodman(f"podman cannot run containers here: {'; '.join(dict.fromkeys(reasons))}")


def _missing() -> str:
    if shutil.which("podman") is None:
        return "it is not installed"
    if not sys.platform.startswith("linux"):
        return "this is not Linux"
    return "" if os.geteuid() == 0 else "this user is not root"


def _configured(folder: Path, settings: str, driver: str) -> Podman:
    engine, storage = folder / "containers.conf", folder / "storage.conf"
    made = Podman(folder, {"CONTAINERS_CONF": str(engine), "CONTAINERS_STORAGE_CONF": str(storage)})
    _remove(made)
    folder.mkdir(parents=True)
    engine.write_text(f'{settings}tmp_dir = "{folder}/run"\n')
    places = f'graphroot = "{folder}/images"\nrunroot = "{made.running}"\n'
    storage.write_text(f'[storage]\ndriver = "{driver}"\n{places}')
    return made


def _probe(made: Podman) -> str | None:
    """None when containers run, this machine's Python in one, and images are built; else what was said instead."""
    try:
        _try(made, _tiny(made), "/bin/sh", "-c", "echo works")
        _try(made, _base(made), *_PYTHON)
        _try(made, _built(made), *_PYTHON)
    except (PodmanFailed, OSError) as error:
        return str(error)
    return None


def _try(made: Podman, image: str, *words: str) -> None:
    said = made.call("run", "--rm", "--network", "host", image, *words)
    if said != "works\n":
        raise PodmanFailed(f"a container of {image} said {said!r}")


def _tiny(made: Podman) -> str:
    made.call("info")
    if not import_probe_image(Engine("podman", "podman", made.environment), made.folder / "probe"):
        raise PodmanFailed("an image cannot be imported")
    return PROBE_IMAGE


def _base(made: Podman) -> str:
    with tempfile.TemporaryDirectory(dir=made.folder) as place:
        archive = Path(place) / "base.tar"
        write_base_image(archive)
        made.call("import", "--change", f"ENV PATH={PATH}", str(archive), _BASE)
    return _BASE


def _built(made: Podman) -> str:
    with tempfile.TemporaryDirectory(dir=made.folder) as place:
        dockerfile = Path(place) / "Dockerfile"
        dockerfile.write_text(f"# image: {_TRIED}\nARG BASE\nFROM ${{BASE}}\nCOPY Dockerfile /\n")
        made.build([dockerfile])
    return _TRIED


def _podman(environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = ["podman", *words]
    try:
        return subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no end after {_SECONDS:g} s")


def _remove(made: Podman) -> None:
    if (made.folder / "storage.conf").exists():
        _podman(made.environment, "rm", "--all", "--force")
    folders = [folder for folder in (made.folder, made.running) if folder.exists()]
    mounted = [Path(line.split()[4]) for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in reversed([each for each in mounted if any(map(each.is_relative_to, folders))]):
        subprocess.run(["umount", str(place)], capture_output=True, check=False)
    for folder in folders:
        shutil.rmtree(folder)
