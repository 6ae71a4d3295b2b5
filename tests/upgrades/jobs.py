"""The jobs that are frozen at several moments: their manifests, their programs, and how far each goes before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.cancel import cancel_dropped
from tests.loop.ground import Container, Ground, Program

Moment = Callable[[dict[str, Any]], bool]
"""Of a record as it is saved: is this the moment?"""
HEAD = 'version: 1\ncontainer: {image: "localhost/demo:1", args: ["$(BATCHDROP_TASK_INDEX)"]}\n'
LINES = HEAD + (
    "name: lines\nlabels: {team: old}\nconfig: {scale: 2}\ninput: {blob: data/big.txt}\n"
    "split: {by: lines, unitsPerTask: 3}\noutput: {name: out.txt}\n"
    'merge: {by: lines, to: "results/{name}-{jobId}.txt"}\n'
)
RANGE = HEAD + "input: {range: {stop: 5}}\n"
TOLERATED = RANGE + "failure: {tolerated: 1}\n"
FILES = HEAD + 'input: {blobs: "data/in/*.txt"}\noutput: {name: "{stem}.out"}\nmerge: {by: files}\n'
RECOMBINER = RANGE + "merge: {by: container, container: {args: [all]}}\n"
LATE = HEAD + "input: {blob: data/late.txt, waitAtMost: PT1H}\nsplit: {by: lines, unitsPerTask: 1}\n"


@dataclass(frozen=True)
class OldJob:
    """`moments`: by name, what the record must show. `before` is done after the first round, `later` after the thaw."""

    manifest: str
    program: Program
    moments: Mapping[str, Moment]
    before: Callable[[Ground], None] = lambda ground: None
    later: Callable[[Ground], None] = lambda ground: None
    inputs: Mapping[str, str] = field(default_factory=dict)
    retries: str | None = None
    """The manifest of the job that this one retries."""


def fact(name: str) -> Moment:
    """The first save in which the fact is there."""
    return lambda record: bool(record[name])


def copies(container: Container) -> None:
    container.write(container.read())


def number(container: Container) -> None:
    container.write(container.args[0].encode() + b"\n")


def not_three(container: Container) -> int:
    """Fails with 3, unless the manifest says that it is mended."""
    if container.args[0] == "3" and "MENDED" not in container.env:
        container.stderr = "cannot do 3"
        return 1
    number(container)
    return 0


def recombines(container: Container) -> None:
    """A task's number; and as recombiner all of them, in reverse."""
    if container.args[0] != "all":
        return number(container)
    inputs = sorted(name for name in container.files if name.startswith(container.env["INPUT_DIR"]))
    container.write(b"".join(container.files[name] for name in reversed(inputs)))
    return None


def cancel(ground: Ground) -> None:
    """The `.cancel` is read, and its intent written; no pass has seen it yet."""
    ground.drop("", "job.yaml.cancel", announce=0)
    cancel_dropped("job.yaml.cancel", ground.world.ports)


def upload(ground: Ground) -> None:
    ground.put("data/late.txt", "a\nb\n")


def split_done(record: dict[str, Any]) -> bool:
    return bool(record["split"]["done"])


def recombining(record: dict[str, Any]) -> bool:
    return bool(record["recombiner"]["job"])


def always(record: dict[str, Any]) -> bool:
    return True


TEXT = {"data/big.txt": "".join(f"line {number}\n" for number in range(12))}
BLOBS = {f"data/in/{name}.txt": name for name in "abc"}
JOBS = {
    "lines": OldJob(
        LINES,
        copies,
        {
            "accepted": always,
            "split": split_done,
            "pool": fact("pool"),
            "added": fact("added"),
            "ended": fact("tasks_ended"),
            "verdict": fact("verdict"),
            "merged": fact("merged"),
            "final": fact("final"),
        },
        inputs=TEXT,
    ),
    "tolerated": OldJob(
        TOLERATED,
        not_three,
        {"judged": fact("verdict"), "evidence": fact("evidence"), "kept": fact("cleaned")},
    ),
    "failing": OldJob(RANGE, not_three, {"judged": fact("verdict"), "kept": fact("cleaned")}),
    "cancelled": OldJob(RANGE, number, {"intent": fact("added")}, before=cancel),
    "files": OldJob(FILES, copies, {"merged": fact("merged")}, inputs=BLOBS),
    "recombined": OldJob(RECOMBINER, recombines, {"beside": recombining}),
    "waiting": OldJob(LATE, copies, {"missing": fact("waiting")}, later=upload),
    "retried": OldJob(
        'container: {environment: {MENDED: "yes"}}\n',
        not_three,
        {"added": fact("added")},
        retries=TOLERATED,
    ),
}
