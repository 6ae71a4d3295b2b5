"""What a person reads of runs, images and labels, besides the result itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import RANGE, number


@dataclass
class Shaky:
    """Ends with 1 so often before a number is written."""

    fails: dict[str, int]
    runs: Counter[str] = field(default_factory=Counter)

    def __call__(self, container: Container) -> int:
        name = container.args[0]
        self.runs[name] += 1
        number(container)
        return int(self.runs[name] <= self.fails.get(name, 0))


def test_runs_and_retries_count_what_batch_repeated_by_itself() -> None:
    """Also of tasks that ended well at last: of five, two needed three runs more, and one never made it."""
    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 1}\n")
    ground.settle(Shaky({"1": 1, "2": 2, "4": 9}))
    status = ground.status()
    assert (status["state"], status["units"]["failed"]) == ("succeeded", 1)
    assert status["attempts"] == {"runs": 5 + 1 + 2 + 3, "retries": 1 + 2 + 3, "preemptions": 0}
    assert ground.result(status["jobId"])["attempts"] == status["attempts"]


def test_retries_of_failed_tasks_are_told_while_the_job_runs() -> None:
    """Those of tasks that end well are added at the end."""
    ground = Ground()
    ground.drop(RANGE + "failure: {tolerated: 1}\n")
    ground.round(Shaky({"0": 9}), most=2)
    ground.round(Shaky({}), most=1)
    status = ground.status()
    assert (status["state"], status["attempts"]["retries"]) == ("running", 3)


def test_a_digest_that_the_manifest_names_is_in_the_result() -> None:
    """Of a tag nobody tells which version it stood for."""
    digest = "sha256:" + "5d1e" * 16
    ground = Ground()
    ground.drop(RANGE.replace("localhost/demo:1", f"localhost/demo:1@{digest}"))
    ground.drop(RANGE, "tag.yaml")
    ground.settle(number)
    images = [ground.result(ground.status(path)["jobId"])["container"] for path in ("job.yaml", "tag.yaml")]
    assert images == [
        {"image": f"localhost/demo:1@{digest}", "digest": digest},
        {"image": "localhost/demo:1", "digest": None},
    ]


def test_labels_are_on_the_event_too() -> None:
    """Whoever listens to the topic may sort by them."""
    ground = Ground()
    ground.drop(RANGE + "labels: {team: genomics}\n")
    ground.settle(number)
    assert ground.world.events.labels == {"team": "genomics"}
