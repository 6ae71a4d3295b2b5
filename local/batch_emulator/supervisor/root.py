"""Builds the root folder of a command from its mounts and moves into it."""

import os
from pathlib import Path

from local.batch_emulator.supervisor import kernel
from local.batch_emulator.supervisor.job import Job, Mount

_MOST_LINKS = 40


def enter_namespaces(job: Job) -> None:
    """Leave the host's mount and process namespaces (and those the job asks for). Raises OSError."""
    flags = kernel.CLONE_NEWNS | kernel.CLONE_NEWPID
    flags |= kernel.CLONE_NEWNET if job.private_network else 0
    flags |= kernel.CLONE_NEWIPC if job.private_ipc else 0
    if os.geteuid() == 0:
        kernel.unshare(flags)
        return
    user, group = os.geteuid(), os.getegid()
    kernel.unshare(flags | kernel.CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1", encoding="ascii")


def enter_root(job: Job, own_user_namespace: bool) -> None:
    """Build the root of a job and make it this process's root. Called by process 1 of the new namespace."""
    assert job.mounts is not None
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", job.stage, "tmpfs", 0, "mode=0755")
    root = os.path.join(job.stage, "root")
    os.mkdir(root)
    kernel.mount(root, root, None, kernel.MS_BIND)
    builder = _Builder(job.stage, root, "userxattr" if own_user_namespace else "")
    for each in job.mounts:
        builder.add(each)
    kernel.change_root(root)


def resolve_inside(root: str, path: str) -> str:
    """Give the host path of a path inside a root, following symbolic links as a process inside would."""
    waiting, found, links = _parts(path), "", 0
    while waiting:
        part = waiting.pop(0)
        candidate = f"{found}/{part}"
        if part == "..":
            found = found.rpartition("/")[0]
        elif os.path.islink(root + candidate) and links < _MOST_LINKS:
            links += 1
            target = os.readlink(root + candidate)
            found = "" if target.startswith("/") else found
            waiting = _parts(target) + waiting
        else:
            found = candidate
    return root + found


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in {"", "."}]


class _Builder:
    def __init__(self, stage: str, root: str, overlay_option: str) -> None:
        self._stage = stage
        self._root = root
        self._overlay_option = overlay_option
        self._count = 0

    def add(self, step: Mount) -> None:
        try:
            self._add(step)
        except FileNotFoundError:
            # The host's files come and go while a root is planned and built.
            if not step.optional:
                raise

    def _add(self, step: Mount) -> None:
        for source in () if step.kind == "link" else step.sources:
            Path(source).lstat()
        target = resolve_inside(self._root, step.target)
        if step.kind == "link":
            _link(step.sources[0], target)
        elif step.kind == "bind":
            self._bind(step, target)
        else:
            Path(target).mkdir(parents=True, exist_ok=True)
            self._over_folder(step, target)

    def _over_folder(self, step: Mount, target: str) -> None:
        if step.kind == "overlay":
            self._overlay(step, target)
        elif step.kind == "tmpfs":
            kernel.mount("tmpfs", target, "tmpfs", kernel.MS_NOSUID, f"mode=1777,size={step.option}")
        elif step.kind == "proc":
            _proc(target)

    def _overlay(self, step: Mount, target: str) -> None:
        self._count += 1
        upper, work = f"{self._stage}/upper{self._count}", f"{self._stage}/work{self._count}"
        os.mkdir(upper)
        os.mkdir(work)
        _same_rights(step.sources[0], upper)
        lower = ":".join(_escape(each) for each in step.sources)
        options = [f"lowerdir={lower}", f"upperdir={_escape(upper)}", f"workdir={_escape(work)}", self._overlay_option]
        try:
            kernel.mount("overlay", target, "overlay", 0, ",".join(filter(None, options)))
        except OSError:
            # Some file systems cannot lie under an overlay; alone they can still be shown, read-only.
            if len(step.sources) > 1:
                raise
            self._bind(Mount("bind", step.target, step.sources, readonly=True), target)

    def _bind(self, step: Mount, target: str) -> None:
        source = Path(step.sources[0])
        if source.is_dir():
            Path(target).mkdir(parents=True, exist_ok=True)
        elif not Path(target).exists():
            Path(target).parent.mkdir(parents=True, exist_ok=True)
            Path(target).touch()
        kernel.mount(str(source), target, None, kernel.MS_BIND | kernel.MS_REC)
        if step.readonly:
            kernel.mount(
                "none", target, None, _flags_of(target) | kernel.MS_REMOUNT | kernel.MS_BIND | kernel.MS_RDONLY
            )


def _flags_of(target: str) -> int:
    # A user namespace may not drop these from a mount it inherited.
    held = os.statvfs(target).f_flag
    return held & (kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def _same_rights(source: str, copy: str) -> None:
    state = os.stat(source)
    os.chmod(copy, state.st_mode & 0o7777)
    if os.geteuid() == 0 and state.st_uid < 65534:
        try:
            os.chown(copy, state.st_uid, state.st_gid)
        except OSError:
            # In a user namespace only its own user exists.
            return


def _link(to: str, target: str) -> None:
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    os.symlink(to, target)


def _proc(target: str) -> None:
    try:
        kernel.mount("proc", target, "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except PermissionError:
        # Where the host's /proc is partly covered the kernel refuses a fresh one; the host's own still serves.
        kernel.mount("/proc", target, None, kernel.MS_BIND | kernel.MS_REC)


def _escape(path: str) -> str:
    return path.replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
