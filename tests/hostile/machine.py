"""What may happen, in any order, and what must be true in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from shared.names import JOBS, JobId
from tests.hostile.ending import judge_end, quiet
from tests.hostile.jobs import KINDS
from tests.hostile.land import Hint, Land, Site
from tests.hostile.vandals import DEEDS, harm

PATHS = ("a.yaml", "b/c.yaml", "d.json.yaml")
SKEWS = (0, 0, 0, -240, 240)
"""Seconds by which a worker's clock is wrong."""
SPANS = (1, 5, 31, 125, 600, 1900)
FATES = ("once", "once", "once", "twice", "lost")
TIMERS = ("tick", "tick", "tick", "tick", "sweep", "reap")
DICE = st.integers(0, 2**32 - 1).map(Random)
DUE = ("deliver",) * 6 + ("timer",) * 4 + ("worker",) * 6 + ("nodes",) * 5 + ("time",) * 4
RARE = ("drop",) * 3 + ("regret", "harm")


class Delivery(RuleBasedStateMachine):
    """Two controllers on one account, and all that can go wrong with what reaches them. One rule, whose dice are
    thrown anew for each step: so no run goes without the steps that others need. `tally`: of all runs."""

    tally: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.land = Land()
        self.steps: dict[str, Callable[[Site, Random], None]] = {
            "deliver": self.deliver,
            "timer": self.timer,
            "worker": self.worker,
            "nodes": self.nodes,
            "time": self.pass_time,
            "drop": self.drop,
            "regret": self.regret,
            "harm": self.harm,
        }

    @initialize(kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=3))
    def begin(self, kinds: list[str]) -> None:
        for path, kind in zip(PATHS, kinds, strict=False):
            self.land.sites[0].drop(path, KINDS[kind], 1)

    @rule(what=st.sampled_from(DUE + RARE), dice=DICE)
    def step(self, what: str, dice: Random) -> None:
        self.steps[what](dice.choice(self.land.sites[:1] * 3 + self.land.sites[1:]), dice)

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

    # ------------------------------------------------------------------ hints and workers

    def deliver(self, site: Site, dice: Random) -> None:
        site.collect()
        fate = dice.choice(FATES)
        able = [hint for hint in site.hints if fate != "lost" or site.timer or hint.what != "tick"]
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
        if site.timer or which != "tick":
            self.land.tell(f"{which} of {site.name}")
            self.start(site, Hint("timer", site.timers()[which]), dice)

    def start(self, site: Site, hint: Hint, dice: Random) -> None:
        """To its end, or up to some call; with a clock that may be wrong."""
        skew, calls = timedelta(seconds=dice.choice(SKEWS)), dice.choice([None, dice.randrange(150)])
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
            self.land.go(chosen, dice.choice([None, dice.randrange(80)]))
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
            self.tally.update(runs=1, jobs=len(self.land.witness.records))
            for worker in self.land.workers + self.land.frozen:
                worker.kill()
