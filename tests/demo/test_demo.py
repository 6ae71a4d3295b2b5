"""`make demo` as a person runs it: a process of its own, its exit code, and what it leaves behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRST_LOOK = re.compile(r" *[0-9.]+ s  [a-z]+ ")
"""The first line about the job's state. Which state it shows depends on the machine's speed."""

pytestmark = pytest.mark.stack


@pytest.fixture
def demo() -> Iterator[list[subprocess.Popen[str]]]:
    """Holds demos that a test starts; one that is still running at the end is ended as Ctrl-C would."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def start(started: list[subprocess.Popen[str]], *options: str) -> subprocess.Popen[str]:
    # Without job control a shell's background programs ignore SIGINT, and so do theirs; ours must not.
    command = ["/bin/sh", "-c", 'trap "" INT; exec "$@"', "sh", sys.executable, "-m", "local.demo", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    started.append(process)
    return process


def lines_of(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdout is not None
    return process.stdout


def descendants(root: int) -> set[tuple[int, str]]:
    """(process id, start time) of everything that `root` has started, at any depth."""
    parents, births = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)], births[int(entry.name)] = int(fields[1]), fields[19]
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return {(pid, births[pid]) for pid in family - {root} if pid in births}


def still_alive(processes: set[tuple[int, str]]) -> set[int]:
    alive = set()
    for pid, birth in processes:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[19] == birth and fields[0] != "Z":
            alive.add(pid)
    return alive


def test_demo_survives_a_killed_host(demo: list[subprocess.Popen[str]]) -> None:
    """With the functions host killed in mid-job, everything the demo looks at holds, and it ends with 0."""
    process = start(demo, "--size", "2", "--kill-after", "2")
    said, _ = process.communicate(timeout=240)
    assert process.returncode == 0, said
    assert "ok   --kill-after 2 came while the job was open" in said
    assert "byte for byte" in said
    assert "NOT" not in said


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc what is left running")
def test_ctrl_c_leaves_nothing_running(demo: list[subprocess.Popen[str]]) -> None:
    """Ctrl-C in mid-job ends the demo with 130, and every process of its stack with it."""
    process = start(demo, "--size", "8")
    for line in lines_of(process):
        if FIRST_LOOK.match(line):
            break
    family = descendants(process.pid)
    assert len(family) >= 3, "the stack should be running by now"
    os.kill(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert still_alive(family) == set()
