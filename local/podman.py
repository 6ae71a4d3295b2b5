"""Podman with a store of its own: images built offline from Dockerfiles, containers that nobody else sees.

Everything lies below one folder and is removed with it, save what podman keeps while containers run. It is only used as
root: what belongs to other users' name spaces could not be removed plainly.
"""

import hashlib
import os
import shutil
import subprocess
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
_PROBE_CODE = 7


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
        self._import_base()
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

    def _import_base(self) -> None:
        with tempfile.TemporaryDirectory(dir=self.folder) as place:
            archive = Path(place) / "base.tar"
            write_base_image(archive)
            self.call("import", "--change", f"ENV PATH={PATH}", str(archive), _BASE)


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
    raise NoPodman(f"podman cannot run containers here: {'; '.join(reasons)}")


def _missing() -> str:
    if shutil.which("podman") is None:
        return "it is not installed"
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
    """None when a container has run; else what was said instead."""
    engine = Engine("podman", str(shutil.which("podman")), made.environment)
    if not import_probe_image(engine, made.folder / "probe"):
        return "an image cannot be imported"
    ended = _podman(
        made.environment, "run", "--rm", "--network", "host", PROBE_IMAGE, "/bin/sh", "-c", f"exit {_PROBE_CODE}"
    )
    return None if ended.returncode == _PROBE_CODE else " ".join(ended.stderr.split())[-300:]


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
