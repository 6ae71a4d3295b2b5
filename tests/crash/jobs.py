"""The reference jobs, what a person does with them, and what must be the same however often the process died."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.loop.ground import Container, Program
from tests.wired.nodes import RUNNING
from tests.wired.place import Place

TEXT = b"".join(b"line %d of the text\n" % number for number in range(200))
CUT = """
version: 1
container: {image: "localhost/demo:1"}
input: {blob: data/text.txt}
split: {by: lines, tasks: 25}
output: {name: out.txt}
merge: {by: lines, to: "data/merged/{jobId}.txt"}
"""
NUMBERS = """
version: 1
container: {image: "localhost/demo:1", args: ["$(BATCHDROP_UNIT_START)"]}
input: {range: {stop: 6}}
limits: {maxTaskRetryCount: 1}
"""


def copy(container: Container) -> None:
    container.write(container.read())


def number(container: Container) -> int:
    """Writes its number; three is beyond it."""
    container.write(container.args[0].encode() + b"\n")
    return 1 if container.args[0] == "3" else 0


def shout(container: Container) -> None:
    container.write(container.read().upper())


def endless(container: Container) -> int:
    """Never done."""
    return RUNNING


@dataclass(frozen=True)
class Reference:
    """A job, its program, and how it must end. `forgets`: the image is another one after a death."""

    manifest: str
    program: Program
    state: str
    cancel: bool = False
    forgets: bool = False


JOBS: Mapping[str, Reference] = {
    "good": Reference(CUT, copy, "succeeded"),
    "failing": Reference(NUMBERS, number, "failed"),
    "cancelled": Reference(NUMBERS, endless, "cancelled", cancel=True),
    "tolerated": Reference(NUMBERS + "failure: {tolerated: 1}\n", number, "succeeded"),
}

SELF_TEST: Mapping[str, Reference] = {"unsound": Reference(CUT, copy, "succeeded", forgets=True)}
"""Not part of the matrix: a job that ends otherwise once its process has died, which the matrix must tell."""


def live(place: Place, job: Reference) -> None:
    """From the drop to the end, until nothing is left to do."""
    if job.forgets:
        place.services.nodes.program = lambda container: (shout if place.deaths else copy)(container)
    place.put("data/text.txt", TEXT)
    place.drop(job.manifest)
    place.round()
    if job.cancel:
        place.drop("", "job.yaml.cancel")
    place.settle()


def outcome(place: Place, job: Reference) -> dict[str, Any]:
    """What a person finds, and what is left."""
    status = place.status()
    result = place.result(status["jobId"])
    units = dict(status["units"])
    total = units.pop("total")
    kind = units.pop("kind")
    path = status["links"]["result"]
    return {
        "state": [status["state"], status["final"], status["complete"], result["state"]],
        "sum": [kind, total, sum(units.values()) == total],
        "units": None if job.cancel else units,
        "merged": hashlib.sha256(place.blob(path)).hexdigest() if path else None,
        "cleanup": status["cleanup"]["state"],
        "verdicts": len(place.verdicts),
        "left": place.left(),
        "open": place.open_jobs(),
    }
