"""The runners that hand containers to an engine: podman or docker.

The engine runs the images of its own store. What it has not (images given by their files, and commands on the node
itself) goes to the best of the other runners; podman also enters complete root file systems.
"""

import os
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.batch_emulator.execution import Launch
from local.batch_emulator.runner.attempt import Runner
from local.batch_emulator.runner.images import Image, ImageFile, tagged
from local.batch_emulator.runner.isolated import find_image, plan_user
from local.batch_emulator.runner.layout import REAL_NODE_ROOT
from local.batch_emulator.runner.plan import HostBind, Plan
from local.batch_emulator.supervisor.job import Job

_KNOWN_SECONDS = 5.0
_ANSWER_SECONDS = 30.0
_OWN_VARIABLES = (
    "PATH",
    "HOME",
    "USER",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "CONTAINERS_CONF",
    "CONTAINERS_STORAGE_CONF",
    "CONTAINER_HOST",
)

# Enough for machines where a container may neither raise its limits nor use the newest control groups.
MODEST_PODMAN = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
netns = "none"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""


@dataclass(frozen=True)
class Engine:
    """A container engine's command line. `settings` are environment variables it is to be called with."""

    name: str
    program: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What the engine needs of this process's environment, and its settings."""
        return {name: os.environ[name] for name in _OWN_VARIABLES if name in os.environ} | dict(self.settings)

    def has_image(self, name: str) -> bool:
        """Give whether the engine's store has an image."""
        asked = ["image", "exists", name] if self.name == "podman" else ["image", "inspect", name]
        return self.call(asked) == 0

    def import_image(self, archive: Path, name: str) -> bool:
        """Make an image of a tar archive; give whether that went well."""
        return self.call(["import", str(archive), name]) == 0

    def call(self, words: list[str]) -> int:
        """Run the engine's command and give its exit code."""
        try:
            ended = subprocess.run(
                [self.program, *words],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_ANSWER_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return 1
        return ended.returncode


class EngineRunner:
    """Containers by an engine, everything else by another runner."""

    def __init__(self, engine: Engine, images: ImageFile, other: Runner | None) -> None:
        """`other` runs what the engine cannot; None while the engine is only tried."""
        self.name = engine.name if other is None else f"{engine.name}+{other.name}"
        self._engine = engine
        self._images = images
        self._other = other
        self._lock = threading.Lock()
        self._asked: dict[str, tuple[float, bool]] = {}

    def choose(self, image_name: str | None) -> tuple[Runner, Image | None]:
        """Give who runs an image. Raises Problem for one that is neither in the store nor in the file."""
        if image_name is not None and self._is_stored(tagged(image_name)):
            return self, None
        image = find_image(self._images, image_name)
        if image is not None and image.base == "root" and self._engine.name == "podman":
            return self, image
        assert self._other is not None, "a probe runs a stored image"
        return self._other.choose(image_name)

    def inside(self, launch: Launch) -> str:
        """Node roots are where real nodes have them."""
        return REAL_NODE_ROOT

    def job(self, plan: Plan, scratch: Path) -> Job:
        """Give what the supervisor is to run: the engine's command, which is killed by name when it must end early."""
        own = self._engine.environment
        container = f"batch-emulator-{os.getpid()}-{scratch.name}"
        named: list[str] = []
        for name, value in plan.environment.items():
            # By name alone, so that no secret stands in a list of processes; the engine's own variables need a value.
            named += ["--env", f"{name}={value}" if name in own else name]
        # Whoever ends it early means at once.
        begin = [self._engine.program, "run", "--rm", "--stop-timeout", "0", "--name", container]
        words = [*begin, *_flags(plan), *named, *self._what(plan)]
        return Job(
            argv=tuple(words),
            environment={**plan.environment, **own},
            folder=str(scratch),
            stdout=str(plan.layout.task / "stdout.txt"),
            stderr=str(plan.layout.task / "stderr.txt"),
            cleanup=(self._engine.program, "rm", "-f", container),
            refusals=(125, 126, 127),
            refusal_prefix="Error" if self._engine.name == "podman" else "docker:",
        )

    def _what(self, plan: Plan) -> list[str]:
        if plan.image is not None:
            return ["--rootfs", f"{plan.image.root}:O", *plan.argv]
        entrypoint = [] if plan.options.entrypoint is None else ["--entrypoint", plan.options.entrypoint]
        return [*entrypoint, tagged(str(plan.image_name)), *plan.arguments]

    def _is_stored(self, name: str) -> bool:
        with self._lock:
            until, known = self._asked.get(name, (0.0, False))
        if time.monotonic() < until:
            return known
        found = self._engine.has_image(name)
        with self._lock:
            self._asked[name] = (time.monotonic() + _KNOWN_SECONDS, found)
        return found


def _flags(plan: Plan) -> list[str]:
    options = plan.options
    # The services of this machine listen on its loopback, which only its own network has.
    words = ["--network", "none" if options.network == "none" else "host"]
    words += [] if plan.folder is None else ["--workdir", plan.folder]
    user = plan_user(plan)
    words += [] if user is None else ["--user", user]
    words += [] if options.ipc is None else ["--ipc", options.ipc]
    words += [] if options.shared_memory is None else ["--shm-size", str(options.shared_memory)]
    for bind in plan.binds:
        words += ["--mount", _mount(bind)]
    return words


def _mount(bind: HostBind) -> str:
    return f"type=bind,source={bind.source},target={bind.target}" + (",readonly" if bind.readonly else "")
