"""What may happen, in any order, and what must be true in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from shared.names import JOBS, RESULTS, JobId
from tests.hostile.ending import calm, judge_end, quiet
from tests.hostile.jobs import KINDS, MENDED, UNDONE
from tests.hostile.land import Hint, Land, Site
from tests.hostile.vandals import DEEDS, harm

PATHS = ("a.yaml", "b/c.yaml", "d.json.yaml")
SKEWS = (0, 0, 0, -240, 240)
"""Seconds by which a worker's clock is wrong."""
SPANS = (1, 5, 31, 125, 600, 1900)
HALF_AN_HOUR = 1800
FATES = ("once", "once", "once", "twice", "lost")
TIMERS = ("tick", "tick", "tick", "tick", "sweep", "reap")
DUE = ("deliver",) * 6 + ("timer",) * 4 + ("worker",) * 6 + ("nodes",) * 5 + ("time",) * 4
RARE = ("drop",) * 3 + ("regret", "harm", "retry")


class Delivery(RuleBasedStateMachine):
    """Two controllers on one account, and all that can go wrong with what reaches them. One rule, by the run's own
    dice: so no run goes without the steps that others need. `kind`: that of the first job. `tally`: of all runs."""

    kind: ClassVar[str] = ""
    tally: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.land = Land()
        self.dice = Random(0)
        self.steps: dict[str, Callable[[Site, Random], None]] = {
            "deliver": self.deliver,
            "timer": self.timer,
            "worker": self.worker,
            "nodes": self.nodes,
            "time": self.pass_time,
            "drop": self.drop,
            "regret": self.regret,
            "retry": self.retry,
            "harm": self.harm,
        }

    @initialize(number=st.integers(0, 2**32 - 1))
    def begin(self, number: int) -> None:
        """Jobs are dropped; in some runs one of them retries what an earlier job has left undone."""
        site, self.dice = self.land.sites[0], Random(f"{self.kind} {number}")
        if self.dice.random() < 0.4:
            site.drop("earlier.yaml", KINDS[self.dice.choice(UNDONE)], 1)
            calm(self.land)
            self.retry(site, self.dice)
        kinds = [self.kind or self.dice.choice(sorted(KINDS))]
        kinds += [self.dice.choice(sorted(KINDS)) for _ in range(self.dice.randrange(3))]
        for path, kind in zip(PATHS, kinds, strict=False):
            self.land.tell(f"{kind} at {path}")
            site.drop(path, KINDS[kind], 1)

    @rule()
    def step(self) -> None:
        site, what = self.dice.choice(self.land.sites[:1] * 3 + self.land.sites[1:]), self.dice.choice(DUE + RARE)
        self.steps[what](site, self.dice)

    # ------------------------------------------------------------------ people

    def drop(self, site: Site, dice: Random) -> None:
        path, kind = dice.choice(PATHS), dice.choice(sorted(KINDS))
        self.land.tell(f"{kind} at {path} of {site.name}")
        if kind == "replacing":
            self.land.cancelled.add((site.name, path))
        site.drop(path, KINDS[kind], dice.randrange(3))

    def regret(self, site: Site, dice: Random) -> None:
        path, cancel = dice.choice(PATHS), dice.random() < 0.5
        self.land.tell(f"{path} of {site.name} is {'cancelled' if cancel else 'deleted'}")
        if cancel:
            self.land.cancelled.add((site.name, path))
            site.drop(f"{path}.cancel", "", dice.randrange(3))
        else:
            site.control.delete(JOBS, path)

    def retry(self, site: Site, dice: Random) -> None:
        """Of some job that has ended, as it left it or mended."""
        offered = [item.name for item in self.land.work.list(RESULTS) if item.name.endswith("/retry.yaml")]
        if not offered:
            return
        name, path, more = dice.choice(offered), dice.choice(PATHS), dice.choice(("", MENDED, MENDED))
        blob = self.land.work.read(RESULTS, name)
        assert blob is not None
        self.tally["retries"] += 1
        self.land.tell(f"{name} at {path} of {site.name}{', mended' if more else ''}")
        site.drop(path, blob.content.decode() + more, 1)

    # ------------------------------------------------------------------ hints and workers

    def deliver(self, site: Site, dice: Random) -> None:
        site.collect()
        fate = dice.choice(FATES)
        able = [hint for hint in site.hints if fate != "lost" or not site.dead or hint.what != "tick"]
        if not able:
            return
        hint = dice.choice(able)
        self.land.tell(f"{hint.what} reaches {site.name}: {fate}")
        if fate != "twice":
            site.hints.remove(hint)
        if fate != "lost":
            self.start(site, hint, dice)

    def timer(self, site: Site, dice: Random) -> None:
        which = dice.choice(TIMERS)
        if which not in site.dead:
            self.land.tell(f"{which} of {site.name}")
            self.start(site, Hint("timer", site.timers()[which]), dice)

    def start(self, site: Site, hint: Hint, dice: Random) -> None:
        """To its end, or up to some call; with a clock that may be wrong."""
        skew, calls = (
            timedelta(seconds=dice.choice(SKEWS)),
            dice.choice([None, dice.randrange(25), dice.randrange(150)]),
        )
        worker = self.land.start(site, hint, skew, calls)
        self.tally.update(workers=1, calls=worker.calls)
        self.land.tell(f"    skew {skew}, {'done' if worker.done else 'stopped'} after {worker.calls} calls")

    def worker(self, site: Site, dice: Random) -> None:
        """One that stopped goes on, dies, or sleeps until all is over."""
        if not self.land.workers:
            return
        chosen, fate = dice.choice(self.land.workers), dice.choice(("go on", "go on", "dies", "sleeps"))
        self.tally.update([fate])
        self.land.tell(f"a worker after {chosen.calls} calls: {fate}")
        if fate == "go on":
            self.land.go(chosen, dice.choice([None, dice.randrange(15), dice.randrange(80)]))
            return
        self.land.workers.remove(chosen)
        if fate == "dies":
            chosen.kill()
        else:
            self.land.frozen.append(chosen)

    # ------------------------------------------------------------------ nodes, services, time, vandals

    def nodes(self, site: Site, dice: Random) -> None:
        """Tasks run; the counts may stay as they were."""
        self.land.batch.old.clear()
        if dice.random() < 0.4:
            self.land.batch.lag()
        self.land.batch.start(dice.randrange(3))
        self.land.run_tasks(dice.choice([None, 1, 2, 4]))
        self.land.tell(f"tasks run; counts lag: {bool(self.land.batch.old)}")

    def pass_time(self, site: Site, dice: Random) -> None:
        seconds = dice.choice(SPANS)
        self.land.tell(f"{seconds} s")
        self.land.clock.advance(timedelta(seconds=seconds))
        self.land.idled |= seconds >= HALF_AN_HOUR

    def harm(self, site: Site, dice: Random) -> None:
        jobs, what = sorted(self.land.witness.records), dice.choice(sorted(DEEDS))
        job = JobId(dice.choice(jobs)) if jobs else None
        self.tally.update(harmed=1)
        self.land.tell(f"harm: {what} of {job}, {site.name}")
        harm(self.land, site, job, what)

    # ------------------------------------------------------------------ laws

    def teardown(self) -> None:
        try:
            quiet(self.land)
            judge_end(self.land)
        except BaseException as error:
            error.add_note("\n".join(self.land.story))
            raise
        finally:
            self.tally[f"first {self.kind}"] += 1
            records = self.land.witness.records.values()
            self.tally.update(runs=1, jobs=len(records), retried=sum(record["retry"] is not None for record in records))
            for worker in self.land.workers + self.land.frozen:
                worker.kill()


def machine_of(first: str) -> type[Delivery]:
    """The machine whose runs begin with a job of this kind."""
    return type(f"Delivery_{first.replace('-', '_')}", (Delivery,), {"kind": first})
