"""Records that are counted before the verdict (output.recordsPerUnit): any number of passes, and outputs of no form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.errors import Refused
from shared.names import JobId, output_container
from shared.ports import BlobPort
from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import RANGE

COUNTED = RANGE + "merge: {by: lines}\noutput: {recordsPerUnit: 1}\n"


class Slow:
    """Storage where reading the outputs takes its time; `reads`: how many reads there were."""

    def __init__(self, inner: BlobPort, ground: Ground) -> None:
        self._inner, self._ground, self.reads = inner, ground, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def stream(self, container: str, name: str, **where: Any) -> Iterator[bytes]:
        if container.endswith("-output"):
            self.reads += 1
            if self.reads % 10 == 0:
                self._ground.world.clock.advance(timedelta(seconds=6))
        return self._inner.stream(container, name, **where)


def test_counting_takes_as_many_passes_as_it_needs() -> None:
    """600 outputs, 0.6 s each, a minute a pass: what was counted is not counted again, and the job comes to its end."""
    ground = Ground()
    ground.deployment = replace(ground.deployment, pass_time=timedelta(seconds=60))
    slow = Slow(ground.world.work, ground)
    ground.world = replace(ground.world, ports=replace(ground.world.ports, work=slow))  # type: ignore[arg-type]
    ground.drop(COUNTED.replace("stop: 5", "stop: 600"))
    ground.settle(lambda c: c.write(c.args[0].encode()))
    status = ground.status()
    assert (status["state"], status["units"]["merged"]) == ("succeeded", 600)
    assert ground.result(status["jobId"])["result"]["records"] == 600
    assert slow.reads < 6 * 600, "once to count, once to merge, and what was read ahead at the end of each pass"


@pytest.mark.parametrize(
    ("by", "good", "bad", "why"),
    [
        ("csv", b"h\n1\n", b'h\n"1\n', "a quote is opened and never closed"),
        ("json", b"[1]", b"[1", "it ends too early"),
    ],
)
def test_an_output_that_cannot_be_counted_fails_its_task(by: str, good: bytes, bad: bytes, why: str) -> None:
    """It is no reason to wait for ever: the task failed OUTPUT_COUNT, by name, and the rest can be merged."""
    manifest = RANGE + f"merge: {{by: {by}}}\noutput: {{recordsPerUnit: 1}}\nfailure: {{tolerated: 1}}\n"
    ground = Ground()
    ground.drop(manifest)
    ground.settle(lambda c: c.write(bad if c.args[0] == "3" else good))
    result = ground.result(ground.status()["jobId"])
    assert (result["state"], result["units"]["merged"], result["units"]["failed"]) == ("succeeded", 4, 1)
    (failed,) = result["failures"]
    assert (failed["task"], failed["reason"]) == ("t-000003", "OUTPUT_COUNT")
    assert why in failed["message"]


def test_a_count_is_that_of_the_version_that_is_there() -> None:
    """An output written again between two looks is counted again."""
    ground = Ground()
    ground.deployment = replace(ground.deployment, pass_time=timedelta(seconds=60))
    slow = Slow(ground.world.work, ground)
    ground.world = replace(ground.world, ports=replace(ground.world.ports, work=slow))  # type: ignore[arg-type]
    ground.drop(COUNTED.replace("stop: 5", "stop: 300"))
    while slow.reads < 150:
        ground.round(lambda c: c.write(c.args[0].encode()))
    job = JobId(ground.status()["jobId"])
    ground.world.work.put(output_container(job), "t-000000/output.txt", b"one\ntwo\n")
    ground.settle(lambda c: c.write(b"?"))
    assert [row["task"] for row in ground.result(job)["failures"]] == ["t-000000"]


class Closed:
    """Storage that refuses to list what tasks have left."""

    def __init__(self, inner: BlobPort) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def list(self, container: str, prefix: str = "", **how: Any) -> Any:
        if prefix == "t-":
            raise Refused("AuthorizationFailure", 403, "no right to list")
        return self._inner.list(container, prefix, **how)


def test_a_step_that_only_shows_that_it_lives_is_given_up_as_well() -> None:
    """It saves that it is at work, and then meets the same refusal, again and again: that is no progress."""
    ground = Ground()
    closed: Any = Closed(ground.world.work)
    ground.world = replace(ground.world, ports=replace(ground.world.ports, work=closed))

    def fails_at_3(container: Container) -> int:
        container.write(b"x")
        return int(container.args[0] == "3")

    ground.drop(RANGE + "failure: {tolerated: 1}\nlimits: {maxTaskRetryCount: 0}\n")
    ground.settle(fails_at_3)
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("failed", "DEFECT")
    assert ground.left() == []
