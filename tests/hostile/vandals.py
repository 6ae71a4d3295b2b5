"""People who delete and overwrite what a job uses, and services that lose what they had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from controller.rules.side import BOTH
from shared.names import JobId, input_container, output_container, side_id
from tests.hostile.jobs import LINES_TEXT
from tests.hostile.land import Hint, Land, Site

LOST = ("POOL_LOST", "JOB_LOST", "CONTAINER_LOST", "MERGE", "TASKS_FAILED", "SPLIT")
DEEDS: dict[str, Callable[[Land, JobId], None]] = {
    "pool": lambda land, job: land.batch.delete_pool(job),
    "job": lambda land, job: land.batch.delete_job(job),
    "end job": lambda land, job: land.batch.terminate_job(job, "UserTerminate"),
    "side pool": lambda land, job: [land.batch.delete_pool(side_id(job, which)) for which in BOTH] and None,
    "side job": lambda land, job: [land.batch.delete_job(side_id(job, which)) for which in BOTH] and None,
    "input container": lambda land, job: land.work.delete_container(input_container(job)),
    "output container": lambda land, job: land.work.delete_container(output_container(job)),
    "output": lambda land, job: delete_output(land, job),
    "input": lambda land, job: change_input(land, gone=True),
    "other input": lambda land, job: change_input(land, gone=False),
    "locks": lambda land, job: [site.world.locks.break_lock(job) for site in land.sites] and None,
    "tick": lambda land, job: None,
    "sweep": lambda land, job: None,
    "reap": lambda land, job: None,
    "all timers": lambda land, job: None,
}
"""What may be done to a job. Timers: those of the platform stop for good, at its site."""
TIMERS = {"tick": ("tick",), "sweep": ("sweep",), "reap": ("reap",), "all timers": ("tick", "sweep", "reap")}
HARMLESS = ("locks", *TIMERS, "input", "other input")


def harm(land: Land, site: Site, job: JobId | None, what: str) -> None:
    """Do it, and note by which names the job may end now."""
    if what in TIMERS:
        stop(land, site, TIMERS[what])
    if job is None:
        return
    if what not in HARMLESS:
        land.excuse(job, *LOST)
    DEEDS[what](land, job)


def stop(land: Land, site: Site, which: Sequence[str]) -> None:
    """It has ticked at least once before."""
    if "tick" in which and "tick" not in site.dead:
        land.start(site, Hint("timer", site.timers()["tick"]), timedelta(0), None)
    site.dead |= set(which)


def delete_output(land: Land, job: JobId) -> None:
    for item in list(land.work.list(output_container(job)))[:1]:
        land.work.delete(output_container(job), item.name)


def change_input(land: Land, *, gone: bool) -> None:
    land.inputs_changed = True
    for path in ("big.txt", "in/a.txt"):
        land.work.delete("data", path)
        if not gone:
            land.work.put("data", path, LINES_TEXT.upper())
