"""What may happen, in any order, and what must be true after each step and in the end."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from shared.names import JOBS, JobId, input_container, output_container
from tests.hostile.ending import judge_end, quiet
from tests.hostile.jobs import KINDS, LINES_TEXT
from tests.hostile.land import Hint, Land

PATHS = ("a.yaml", "b/c.yaml", "d.json.yaml")
SKEWS = st.sampled_from([0, 0, 0, -240, 240]).map(lambda seconds: timedelta(seconds=seconds))
CALLS = st.one_of(st.none(), st.integers(0, 120))
"""How far a worker comes: to its end, or to that call."""
SITES = st.sampled_from([0, 0, 0, 1])
PICK = st.integers(0, 30)
SPANS = st.sampled_from([1, 5, 31, 125, 600, 1900])
INPUT_CODES = ("INPUT_CHANGED", "INPUT_MISSING", "SPLIT", "TASKS_FAILED", "MERGE")


class Delivery(RuleBasedStateMachine):
    """Two controllers on one account, and all that can go wrong with what reaches them."""

    def __init__(self) -> None:
        super().__init__()
        self.land = Land()

    # ------------------------------------------------------------------ people

    @initialize(kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3))
    def begin(self, kinds: list[str]) -> None:
        for path, kind in zip(PATHS, kinds, strict=False):
            self.drop(0, path, kind, 1)

    @rule(site=SITES, path=st.sampled_from(PATHS), kind=st.sampled_from(sorted(KINDS)), events=st.integers(0, 2))
    def drop(self, site: int, path: str, kind: str, events: int) -> None:
        there = self.land.sites[site]
        if kind == "replacing":
            self.cancelled(site, path)
        there.drop(path, KINDS[kind], events)

    @rule(site=SITES, path=st.sampled_from(PATHS), events=st.integers(0, 2))
    def cancel(self, site: int, path: str, events: int) -> None:
        self.cancelled(site, path)
        self.land.sites[site].drop(f"{path}.cancel", "", events)

    def cancelled(self, site: int, path: str) -> None:
        for job, record in self.land.witness.records.items():
            if record["manifest"]["path"] == path:
                self.land.excuse(job, "CANCELLED")
        self.land.cancelled.add((self.land.sites[site].name, path))

    @rule(site=SITES, path=st.sampled_from(PATHS))
    def delete_manifest(self, site: int, path: str) -> None:
        self.land.sites[site].control.delete(JOBS, path)

    # ------------------------------------------------------------------ hints and workers

    @rule(site=SITES, pick=PICK, again=st.booleans(), skew=SKEWS, calls=CALLS)
    def deliver(self, site: int, pick: int, again: bool, skew: timedelta, calls: int | None) -> None:
        there = self.land.sites[site]
        there.collect()
        if there.hints:
            hint = there.hints[pick % len(there.hints)]
            if not again:
                there.hints.remove(hint)
            self.land.start(there, hint, skew, calls)

    @rule(site=SITES, pick=PICK)
    def lose(self, site: int, pick: int) -> None:
        there = self.land.sites[site]
        there.collect()
        able = [hint for hint in there.hints if there.timer or hint.what != "tick"]
        if able:
            there.hints.remove(able[pick % len(able)])

    @rule(site=SITES, which=st.sampled_from(["tick", "tick", "tick", "sweep", "reap"]), skew=SKEWS, calls=CALLS)
    def timer(self, site: int, which: str, skew: timedelta, calls: int | None) -> None:
        there = self.land.sites[site]
        if there.timer or which != "tick":
            self.land.start(there, Hint("timer", there.timers()[which]), skew, calls)

    @rule(site=SITES)
    def stop_timer(self, site: int) -> None:
        there = self.land.sites[site]
        if there.timer:
            self.land.start(there, Hint("timer", there.timers()["tick"]), timedelta(0), None)
            there.timer = False

    @precondition(lambda self: self.land.workers)
    @rule(pick=PICK, calls=CALLS)
    def go_on(self, pick: int, calls: int | None) -> None:
        self.land.go(self.land.workers[pick % len(self.land.workers)], calls)

    @precondition(lambda self: self.land.workers)
    @rule(pick=PICK)
    def kill(self, pick: int) -> None:
        self.land.workers.pop(pick % len(self.land.workers)).kill()

    @precondition(lambda self: self.land.workers)
    @rule(pick=PICK)
    def freeze(self, pick: int) -> None:
        self.land.frozen.append(self.land.workers.pop(pick % len(self.land.workers)))

    # ------------------------------------------------------------------ nodes, services, time

    @rule(most=st.one_of(st.none(), st.integers(1, 4)))
    def run_tasks(self, most: int | None) -> None:
        self.land.run_tasks(most)

    @rule()
    def start_tasks(self) -> None:
        self.land.batch.start(2)

    @rule(lag=st.booleans())
    def counts(self, lag: bool) -> None:
        self.land.batch.old.clear()
        if lag:
            self.land.batch.lag()

    @rule(site=SITES)
    def break_locks(self, site: int) -> None:
        for job in self.land.sites[site].open_jobs():
            self.land.sites[site].world.locks.break_lock(job)

    @rule(seconds=SPANS)
    def pass_time(self, seconds: int) -> None:
        self.land.clock.advance(timedelta(seconds=seconds))

    # ------------------------------------------------------------------ vandals

    @rule(gone=st.booleans())
    def change_input(self, gone: bool) -> None:
        self.land.inputs_changed = True
        for path in ("big.txt", "in/a.txt"):
            self.land.work.delete("data", path)
            if not gone:
                self.land.work.put("data", path, LINES_TEXT.upper())

    @precondition(lambda self: self.land.witness.records)
    @rule(pick=PICK)
    def delete_output(self, pick: int) -> None:
        job = self.some_job(pick)
        for item in list(self.land.work.list(output_container(job)))[:1]:
            self.land.excuse(job, "TASKS_FAILED", "MERGE")
            self.land.work.delete(output_container(job), item.name)

    @precondition(lambda self: self.land.witness.records)
    @rule(pick=PICK, what=st.sampled_from(["pool", "job", "input", "output"]))
    def delete_thing(self, pick: int, what: str) -> None:
        job = self.some_job(pick)
        self.land.excuse(job, "POOL_LOST", "JOB_LOST", "CONTAINER_LOST", "MERGE", "TASKS_FAILED", "SPLIT")
        match what:
            case "pool":
                self.land.batch.delete_pool(job)
            case "job":
                self.land.batch.delete_job(job)
            case "input":
                self.land.work.delete_container(input_container(job))
            case _:
                self.land.work.delete_container(output_container(job))

    def some_job(self, pick: int) -> JobId:
        able = sorted(self.land.witness.records)
        return JobId(able[pick % len(able)])

    # ------------------------------------------------------------------ laws

    def teardown(self) -> None:
        try:
            quiet(self.land)
            judge_end(self.land)
        finally:
            for worker in self.land.workers + self.land.frozen:
                worker.kill()
