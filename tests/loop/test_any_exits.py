"""Whatever the tasks end with: the job ends as its rules say, and the sum of its units holds at every look."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import RANGE, number

STOP, SKIP, WRONG = 2, 3, 7


@dataclass(frozen=True)
class Expected:
    """What becomes of each task when all run."""

    fates: tuple[str, ...]

    def count(self, fate: str) -> int:
        return self.fates.count(fate)


def fate_of(codes: list[int], retries: int) -> str:
    """By the codes of its runs, the last one for ever."""
    for run in range(retries + 1):
        code = codes[min(run, len(codes) - 1)]
        if code != WRONG:
            return {0: "good", STOP: "stops", SKIP: "skipped"}[code]
    return "failed"


TASKS = st.lists(
    st.lists(st.sampled_from([0, 0, 0, STOP, SKIP, SKIP, WRONG, WRONG]), min_size=1, max_size=4), min_size=1, max_size=7
)


def check_sum(ground: Ground) -> None:
    units, tasks = ground.status()["units"], ground.status()["tasks"]
    assert units["total"] == sum(units[k] for k in ("merged", "pending", "failed", "skipped", "notRun"))
    parts = ("pending", "running", "succeeded", "failed", "skipped", "notRun")
    assert tasks["total"] == sum(tasks[k] for k in parts)


@settings(max_examples=60)
@given(TASKS, st.integers(0, 3), st.integers(0, 3), st.booleans(), st.integers(1, 4))
def test_any_exit_codes_end_a_job_as_its_rules_say(
    codes: list[list[int]], retries: int, tolerated: int, canary: bool, at_once: int
) -> None:
    """Runs, units, state and result are those of a plain model, whatever is seen together at one look."""
    ground, ran = Ground(), Counter[int]()

    def program(container: Container) -> int:
        task = int(container.args[0])
        ran[task] += 1
        code = codes[task][min(ran[task], len(codes[task])) - 1]
        if code == 0:
            number(container)
        return code

    ground.drop(
        RANGE.replace("stop: 5", f"stop: {len(codes)}") + f"canary: {str(canary).lower()}\n"
        f"failure: {{tolerated: {tolerated}, stopOn: [{STOP}], skipOn: [{SKIP}]}}\n"
        f"limits: {{maxTaskRetryCount: {retries}}}\n"
    )
    for _ in range(12):
        ground.round(program, most=at_once)
        check_sum(ground)
    ground.settle(program)
    check_sum(ground)
    judge(ground, Expected(tuple(fate_of(each, retries) for each in codes)), tolerated, canary)
    assert max(ran.values()) <= retries + 1
    assert ground.left() == []


def judge(ground: Ground, expected: Expected, tolerated: int, canary: bool) -> None:
    status = ground.status()
    failed, stops = expected.count("failed"), expected.count("stops")
    if canary and expected.fates[0] in ("failed", "stops"):
        code = "STOPPED_ON" if expected.fates[0] == "stops" else "TASKS_FAILED"
        assert (status["state"], status["failure"]["code"], status["units"]["failed"]) == ("failed", code, 1)
    elif stops or failed > tolerated:
        possible = {"STOPPED_ON"} if stops else set[str]()
        possible |= {"TASKS_FAILED"} if failed > tolerated else set()
        assert status["state"] == "failed"
        assert status["failure"]["code"] in possible
        assert status["units"]["merged"] == 0
    else:
        units = status["units"]
        assert (status["state"], units["failed"], units["skipped"]) == ("succeeded", failed, expected.count("skipped"))
        good = [str(task).encode() for task, fate in enumerate(expected.fates) if fate == "good"]
        assert ground.blob(status["links"]["result"]).split() == good
        assert status["complete"] is (len(good) == len(expected.fates))
