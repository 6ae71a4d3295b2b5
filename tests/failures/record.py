"""Writes down what is said in each case: `python -m tests.failures.record [part of a sentence]`. Read the diff."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.batch_emulator.doorway import Doorway
from tests.emulated.ground import emulated
from tests.failures.case import Case, all_cases
from tests.failures.stage import Stage, written


def record(case: Case, doorway: Doorway) -> str:
    """Play it, keep what is said; a line for the person who records."""
    with TemporaryDirectory() as folder, emulated(doorway, Path(folder)) as ground:
        stage = Stage(case, ground)
        told = stage.play()
        ends = f", then {stage.mend()}" if case.ends else ""
    case.said.write_text(written(told), encoding="utf-8")
    return f"{case.code}: {case.sentence}: {told.looks} looks, {told.took}, {told.said['state']}{ends}\n"


def main(words: list[str]) -> None:
    doorway = Doorway()
    try:
        for case in all_cases():
            if all(word in f"{case.code} {case.sentence}" for word in words):
                sys.stdout.write(record(case, doorway))
    finally:
        doorway.close()


if __name__ == "__main__":
    main(sys.argv[1:])
