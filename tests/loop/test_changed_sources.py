"""Blobs that are written again while a job reads them where they are."""

from __future__ import annotations

import json
from datetime import timedelta

from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import BLOBS, copy

NAMES = [f"{name}.txt" for name in "abcdefgh"]


def dropped(manifest: str = BLOBS) -> Ground:
    """The list is taken, and no task has run."""
    ground = Ground()
    for name in NAMES:
        ground.put(f"data/in/{name}", name)
    ground.drop(manifest)
    ground.world.clock.advance(timedelta(seconds=5))
    return ground


def write_all(container: Container) -> None:
    """An output for each row of the list file, at the path that the row says."""
    for line in container.read().splitlines():
        path = json.loads(line)["output"]
        container.files[path] = b"done"


def warned(ground: Ground) -> list[str]:
    return [each["message"] for each in ground.status()["warnings"] if each["code"] == "INPUT_CHANGED"]


def test_a_blob_that_is_written_again_before_its_task_has_ended_is_told() -> None:
    """Nobody can say which version it read: the job goes on, and the warning names it."""
    ground = dropped()
    ground.put("data/in/b.txt", "another b")
    ground.settle(copy)
    (message,) = warned(ground)
    assert "had ended: in/b.txt. What came" in message
    assert ground.status()["state"] == "succeeded"


def test_of_many_the_first_are_named() -> None:
    """With list files too, where a task reads several."""
    ground = dropped(BLOBS.replace("output:", "split: {unitsPerTask: 3}\noutput:"))
    for name in NAMES[1:]:
        ground.put(f"data/in/{name}", "another")
    ground.settle(write_all)
    (message,) = warned(ground)
    assert "7 of the input's blobs" in message
    assert "in/b.txt, in/c.txt, in/d.txt, in/e.txt, in/f.txt and 2 more" in message


def test_what_changes_or_goes_once_its_task_has_ended_is_no_matter() -> None:
    """Its output was there before: it is of the version that was listed."""
    ground = dropped()
    ground.run_tasks(copy)
    ground.world.clock.advance(timedelta(seconds=5))
    ground.put("data/in/b.txt", "another b")
    ground.world.work.delete("data", "in/c.txt")
    ground.put("data/in/aa.txt", "not of this job")
    ground.settle(copy)
    assert (ground.status()["state"], ground.status()["warnings"]) == ("succeeded", [])
