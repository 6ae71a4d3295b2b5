"""What every formula must keep, whatever happens: each law is asked of all moments of a scene."""

from __future__ import annotations

from collections.abc import Sequence

from tests.autoscale.chart import chart
from tests.autoscale.scene import Moment, Scene

ASLEEP = 12.0
"""Minutes a pool may want nothing while tasks wait: one evaluation in five, samples that are late by one, a margin."""
TAIL = 15.0
"""Minutes from the end of the last task to the last node's departure, once the pool is older than twenty."""


def never_above(scene: Scene, most: int) -> None:
    """Neither wanted nor there: both kinds of nodes together."""
    for moment in scene.seen:
        assert moment.nodes <= most, picture(scene, f"{moment.nodes} nodes at minute {moment.minute}, {most} allowed")
        assert moment.target <= most, picture(scene, f"{moment.target} wanted at minute {moment.minute}")


def never_asleep(scene: Scene) -> None:
    """Tasks that wait are seen: the target does not stay at zero."""
    since: float | None = None
    for moment in scene.seen:
        asleep = moment.waiting > 0 and moment.target == 0
        since = (since if since is not None else moment.minute) if asleep else None
        assert since is None or moment.minute - since <= ASLEEP, picture(scene, f"asleep since minute {since}")


def nothing_taken(scene: Scene) -> None:
    """No task was started twice: a node with a task is not taken away by the formula."""
    twice = [task for task, times in scene.starts.items() if times > 1]
    assert not twice, picture(scene, f"{len(twice)} tasks lost their node")


def all_done(scene: Scene) -> float:
    """The minute at which the last task had ended."""
    last = scene.seen[-1]
    assert not last.waiting + last.running, picture(scene, f"{last.waiting + last.running} tasks are not done")
    return next(end.minute for end in scene.seen if quiet_from(scene.seen, end))


def quiet_from(seen: Sequence[Moment], end: Moment) -> bool:
    return all(not each.waiting + each.running for each in seen if each.minute >= end.minute)


def empties(scene: Scene, within: float = TAIL) -> None:
    """No node is left so many minutes after the last task (or, of a young pool, after its twentieth minute)."""
    done = max(all_done(scene), 20.0)
    left = [moment for moment in scene.seen if moment.minute > done + within and moment.nodes + moment.target]
    assert scene.seen[-1].minute > done + within, "the scene is too short"
    assert not left, picture(scene, f"{left[0].nodes if left else 0} nodes {within} minutes after minute {done}")


def picture(scene: Scene, message: str) -> str:
    return f"{message}\n{chart(scene.seen)}"
