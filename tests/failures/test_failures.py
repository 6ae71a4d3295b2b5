"""Every way a job waits or fails, on an emulated account: what a person reads, word for word, and how soon."""

from __future__ import annotations

import pytest

from shared.codes import Code, Warn
from tests.emulated.ground import EmulatedGround
from tests.failures.case import SAID, Case, all_cases
from tests.failures.stage import Stage

CASES = all_cases()
POLLS = 2


@pytest.mark.stack
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.sentence))
def test_the_status_says_so(case: Case, ground: EmulatedGround) -> None:
    """Code, message, evidence, next step and times, within two polls of being observable; fatal ones in minutes."""
    stage = Stage(case, ground)
    told = stage.play()
    assert told.said == case.expected()
    assert told.looks <= POLLS
    assert told.said["state"] == case.state
    if case.ends is not None:
        assert stage.mend() == case.ends


def test_every_code_has_its_case() -> None:
    """A code that can be given and has no case here would have no place on the page."""
    assert {*Code, *Warn} == {case.code for case in CASES}


def test_every_golden_status_has_its_case() -> None:
    """Sentences are unique, and no file is left from a case that is gone."""
    assert sorted(path.name for path in SAID.glob("*.json")) == sorted(case.said.name for case in CASES)
