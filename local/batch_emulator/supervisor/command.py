"""The side of the supervisor that becomes the command."""

import errno
import json
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from local.batch_emulator.supervisor import root
from local.batch_emulator.supervisor.job import Job

LINUX = sys.platform.startswith("linux")


def become(job: Job, report: int) -> NoReturn:
    """Turn this forked process into the job's command, or into its guardian when it is isolated.

    What prevents the command is written to `report`, which closes by itself when the command starts.
    """
    try:
        os.setsid()
        _die_with_parent()
        _redirect(job)
        if job.mounts is not None:
            _isolate(job)
        _settle(job)
        os.execvpe(job.argv[0], job.argv, job.environment)  # noqa: S606  # no shell is the point
    except BaseException as error:  # noqa: BLE001  # a forked process must end here, whatever happened, and say why
        os.write(report, json.dumps(_explain(job, error)).encode())
    os._exit(127)


def _isolate(job: Job) -> None:
    own_users = os.geteuid() != 0
    root.enter_namespaces(job)
    child = os.fork()
    if child:
        _wait_for(child)
    _die_with_parent()
    root.enter_root(job, own_users)


def _wait_for(child: int) -> NoReturn:
    # The guardian of the namespace holds no pipe: the report must close when the command itself has started.
    os.closerange(3, 256)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def _die_with_parent() -> None:
    if LINUX:
        from local.batch_emulator.supervisor import kernel

        kernel.die_with_parent(signal.SIGKILL)


def _redirect(job: Job) -> None:
    for number, path in ((1, job.stdout), (2, job.stderr)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(opened, number)
        os.close(opened)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _settle(job: Job) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    if job.make_folder:
        Path(job.folder).mkdir(parents=True, exist_ok=True)
    os.chdir(job.folder)
    os.umask(0o022)
    if job.user is not None:
        _become_user(job.user)


def _become_user(user: str) -> None:
    name, _, group = user.partition(":")
    uid, gid = _identity(name, "/etc/passwd")
    if group:
        gid, _ = _identity(group, "/etc/group")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    _die_with_parent()


def _identity(name: str, file: str) -> tuple[int, int]:
    """Give uid and gid of a line of /etc/passwd (or gid and gid of /etc/group); numbers need no line."""
    for line in _lines(file):
        fields = line.split(":")
        if len(fields) >= 4 and name in (fields[0], fields[2]):
            return int(fields[2]), int(fields[3]) if file == "/etc/passwd" else int(fields[2])
    if not name.isdecimal():
        raise ValueError(f"{file} has no {name}")
    return int(name), 0


def _lines(file: str) -> list[str]:
    path = Path(file)
    return path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []


def _explain(job: Job, error: BaseException) -> dict[str, str]:
    missing = isinstance(error, OSError) and error.errno in {errno.ENOENT, errno.ENOTDIR}
    if missing and Path(job.folder).is_dir():
        return {"error": "CommandProgramNotFound", "message": f"The program {job.argv[0]} was not found"}
    return {"error": "CommandLaunchFailed", "message": f"{job.argv[0]} could not be started: {error}"}
