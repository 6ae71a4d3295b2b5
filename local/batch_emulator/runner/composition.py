"""How the root folder of an isolated command is put together from an image, the host and the node's folders.

Where nothing must be inserted, a whole folder is shown at once: as an overlay that takes writes and forgets them, or
read-only where overlays cannot be had. Where something must be (a mount, a folder that two layers share), the folder is
made anew and its entries are shown one by one.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from local.batch_emulator.runner.images import Image
from local.batch_emulator.runner.plan import HostBind, Plan
from local.batch_emulator.supervisor.job import Mount

_SHARED_MEMORY = 64 * 1024**2
_HOST = Path("/")
# What engines mount for their own containers comes and goes, and is none of a command's business.
_ENGINE_STORES = ("var/lib/containers", "var/lib/docker", "var/lib/containerd", "var/lib/kubelet", "run")


@dataclass(frozen=True)
class Layer:
    """Files of a folder, shown from `at` downwards ("" is the root); its entries named in `hidden` are not."""

    root: Path
    at: str = ""
    hidden: frozenset[str] = field(default=frozenset())

    def find(self, path: str) -> Path | None:
        """Give the host path of this layer's file for an inside path, or None."""
        if path.split("/")[0] in self.hidden or not _is_within(path, self.at):
            return None
        found = self.root / path[len(self.at) :].strip("/")
        return found if os.path.lexists(found) else None


@dataclass(frozen=True)
class Abilities:
    """What the kernel lets this user do: mount overlays, and create folders anywhere in one."""

    overlay: bool
    insert: bool


def compose(plan: Plan, scratch: Path, abilities: Abilities) -> tuple[Mount, ...]:
    """Give the mounts for a plan, in the order they are to be made. `scratch` is a folder of the command's own."""
    layers = _layers(plan.image)
    binds = sorted([*plan.binds, *_kept()], key=lambda bind: bind.target.count("/"))
    if plan.image is not None and plan.image.base == "root":
        binds = [*_name_service(), *binds]
    special = _special(plan, scratch)
    targets = {each.target for each in special} | {_settled(layers, bind.target) for bind in binds}
    composer = _Composer(layers, frozenset(target.strip("/") for target in targets), abilities)
    return (*composer.folder(""), *special, *(_bind(bind) for bind in binds))


def _layers(image: Image | None) -> tuple[Layer, ...]:
    if image is None:
        return (Layer(_HOST),)
    if image.base == "root":
        return (Layer(image.root),)
    # A folder of the image that is a link on the host (/bin, /lib) means the place the link leads to.
    moved = [name for name in _names(image.root) if (image.root / name).is_dir() and (_HOST / name).is_symlink()]
    through = [Layer(image.root / name, str((_HOST / name).resolve()).strip("/")) for name in moved]
    return (Layer(image.root, hidden=frozenset(moved)), *through, Layer(_HOST))


def _special(plan: Plan, scratch: Path) -> list[Mount]:
    temporary = scratch / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    temporary.chmod(0o1777)
    shared_memory = str(plan.options.shared_memory or _SHARED_MEMORY)
    found = [
        Mount("dir", "/run"),
        Mount("bind", "/dev", ("/dev",)),
        Mount("tmpfs", "/dev/shm", option=shared_memory),  # noqa: S108  # a mount point of the new root
        Mount("bind", "/sys", ("/sys",), readonly=True),
        Mount("proc", "/proc"),
        Mount("bind", "/tmp", (str(temporary),)),  # noqa: S108  # a mount point of the new root
    ]
    if Path("/run/systemd/resolve").is_dir():
        found.append(Mount("bind", "/run/systemd/resolve", ("/run/systemd/resolve",), readonly=True))
    return found


def _kept() -> list[HostBind]:
    """The Python that runs this, where it lies below a folder that commands get empty."""
    prefixes = {Path(sys.prefix), Path(sys.base_prefix)}
    hidden = (Path("/tmp"), Path("/run"))  # noqa: S108  # compared with, not written to
    return [HostBind(each, str(each), True) for each in sorted(prefixes) if any(map(each.is_relative_to, hidden))]


def _name_service() -> list[HostBind]:
    files = (Path("/etc/resolv.conf"), Path("/etc/hosts"))
    return [HostBind(file.resolve(), str(file), True) for file in files if file.is_file()]


def _bind(bind: HostBind) -> Mount:
    return Mount("bind", bind.target, (str(bind.source),), readonly=bind.readonly)


def _settled(layers: tuple[Layer, ...], target: str) -> str:
    """Give a target with the links of the host's file system followed, where that is the ground."""
    return os.path.realpath(target) if layers[-1].root == _HOST else target


class _Composer:
    def __init__(self, layers: tuple[Layer, ...], targets: frozenset[str], abilities: Abilities) -> None:
        self._layers = layers
        self._targets = targets
        self._abilities = abilities
        grafts = {layer.at for layer in layers if layer.at}
        host_mounts = _mount_points() if layers[-1].root == _HOST else frozenset()
        # Below these something must be shown that a whole folder would not show.
        self._breaks = grafts | host_mounts | (set() if abilities.insert and abilities.overlay else targets)

    def folder(self, path: str) -> Iterator[Mount]:
        """Give the mounts for the entries of a folder that is made anew."""
        roots = [found for layer in self._layers if (found := layer.find(path)) is not None and found.is_dir()]
        for name in sorted({name for root in roots for name in _names(root)}):
            yield from self._entry(f"{path}/{name}".strip("/"))

    def _entry(self, path: str) -> Iterator[Mount]:
        found = [each for layer in self._layers if (each := layer.find(path)) is not None]
        if path in self._targets or not found:
            return
        if found[0].is_symlink():
            yield Mount("link", f"/{path}", (str(found[0].readlink()),))
        elif not found[0].is_dir():
            yield Mount("bind", f"/{path}", (str(found[0]),), readonly=True, optional=True)
        else:
            yield from self._directory(path, [each for each in found if each.is_dir() and not each.is_symlink()])

    def _directory(self, path: str, folders: list[Path]) -> Iterator[Mount]:
        if not self._is_whole(path, folders):
            yield Mount("dir", f"/{path}")
            yield from self.folder(path)
        elif self._abilities.overlay:
            yield Mount("overlay", f"/{path}", tuple(map(str, folders)), optional=True)
        else:
            yield Mount("bind", f"/{path}", (str(folders[0]),), readonly=True, optional=True)

    def _is_whole(self, path: str, folders: list[Path]) -> bool:
        if any(each != path and _is_within(each, path) for each in self._breaks):
            return False
        # An overlay refuses two layers of which one lies inside the other.
        nested = any(a != b and a.is_relative_to(b) for a in folders for b in folders)
        return len(folders) == 1 or (self._abilities.overlay and not nested)


def _is_within(path: str, ancestor: str) -> bool:
    return not ancestor or path == ancestor or path.startswith(f"{ancestor}/")


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        # A folder this user may not read: commands may not either.
        return []


def _mount_points() -> frozenset[str]:
    with Path("/proc/self/mountinfo").open(encoding="utf-8") as lines:
        # Nodes mount in their own folders, which commands get by a bind of their own.
        points = {
            line.split(" ")[4].encode().decode("unicode_escape").strip("/")
            for line in lines
            if " - fuse.rclone " not in line
        }
    return frozenset(point for point in points if not any(_is_within(point, store) for store in _ENGINE_STORES))
