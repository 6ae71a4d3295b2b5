"""The program: `python -m local.batch_emulator.supervisor.program JOB.json`, its standard input a pipe held open."""

import json
import os
import selectors
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from local.batch_emulator.supervisor.command import LINUX, become
from local.batch_emulator.supervisor.descendants import await_descendants, kill_descendants, signal_group
from local.batch_emulator.supervisor.job import Job, read_job

_CLEANUP_SECONDS = 30
# What the engine has put beside a container sees it end, and then ends too.
_GRACE_SECONDS = 8.0
_TAIL = 4096
# An engine may add a line or two of advice to its refusal.
_LAST_LINES = 4


def main(path: str) -> None:
    """Run the job of a file to its end, or until the emulator lets go of the pipe; leave nothing behind."""
    job = read_job(path)
    bell = _ring_on_signals()
    if LINUX:
        from local.batch_emulator.supervisor import kernel

        kernel.adopt_orphans()
    report, child = _start(job)
    code = _wait(child, bell)
    # An engine ends its container itself: killed from below, that would stay in the runtime's list for ever.
    ended = code is not None or _clean_up(job, child)
    if ended and code is None:
        await_descendants(_GRACE_SECONDS)
    kill_descendants(child)
    if code is not None:
        _answer(job, report, code)
    elif not ended:
        _clean_up(job, child)


def _ring_on_signals() -> int:
    listening, ringing = os.pipe()
    os.set_blocking(ringing, False)
    os.set_blocking(listening, False)
    signal.set_wakeup_fd(ringing)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    return listening


def _start(job: Job) -> tuple[int, int]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.set_wakeup_fd(-1)
        os.close(reading)
        become(job, writing)
    os.close(writing)
    return reading, child


def _wait(child: int, bell: int) -> int | None:
    """Give the exit code, or None when the end was ordered from outside."""
    with selectors.DefaultSelector() as selector:
        selector.register(bell, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        while True:
            ready = {key.fd for key, _ in selector.select()}
            code = _reap(child)
            if code is not None:
                return code
            if 0 in ready or {signal.SIGTERM, signal.SIGINT} & set(os.read(bell, 64)):
                return None


def _reap(child: int) -> int | None:
    """Collect ended children (orphans among them); give the code of the one that counts once it has ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


def _clean_up(job: Job, child: int) -> bool:
    """Give whether the job's own way to end what it started went well."""
    if not job.cleanup:
        return False
    signal_group(child)
    try:
        ended = subprocess.run(
            job.cleanup,
            env=job.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_CLEANUP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def _answer(job: Job, report: int, code: int) -> None:
    with os.fdopen(report, "rb") as reader:
        never_ran = reader.read().decode()
    told: dict[str, Any] = json.loads(never_ran) if never_ran else _refusal(job, code) or {"exit": code}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _refusal(job: Job, code: int) -> dict[str, str] | None:
    if code not in job.refusals:
        return None
    lines = Path(job.stderr).read_bytes()[-_TAIL:].decode(errors="replace").splitlines()
    said = next((line for line in reversed(lines[-_LAST_LINES:]) if line.startswith(job.refusal_prefix)), None)
    if said is None:
        return None
    missing = "not found" in said or "no such file" in said.lower()
    other = "ContainerMiscError" if job.cleanup else "CommandLaunchFailed"
    return {"error": "CommandProgramNotFound" if missing else other, "message": said}


if __name__ == "__main__":
    main(sys.argv[1])
