"""Scripts: deeds that happen by themselves, at a time after the start or when an operation is called the n-th time."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import yaml

from local.batch_emulator import deeds
from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.shapes import number, seconds, text

Do = Callable[[str, Mapping[str, Any]], None]
_WHEN: Mapping[str, Any] = {"at": seconds, "call": text(least=1), "number": number(1)}


@dataclass(frozen=True)
class Step:
    """A deed and when it is done: `at` seconds after the script began, or just before the n-th call of an operation."""

    deed: str
    body: Mapping[str, Any]
    at: float = 0
    call: str | None = None
    number: int = 1


@dataclass
class Script:
    """The steps that were not done yet."""

    steps: list[tuple[datetime, Step]] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def add(self, steps: Sequence[Step], now: datetime) -> None:
        """Add steps; their times, and their numbers of calls, count from now."""
        known = self.calls
        counted = [
            step if step.call is None else Step(step.deed, step.body, 0, step.call, step.number + known[step.call])
            for step in steps
        ]
        self.steps += [(now + timedelta(seconds=step.at), step) for step in counted]

    def due(self, now: datetime) -> list[Step]:
        """Take out the steps whose time has come, in order of time."""
        found = sorted((each for each in self.steps if each[1].call is None and each[0] <= now), key=lambda e: e[0])
        self._done(found)
        return [step for _, step in found]

    def called(self, operation: str) -> list[Step]:
        """Count a call that begins, and take out the steps that are due before it."""
        for name in (operation, "*"):
            self.calls[name] += 1
        found = [
            each
            for each in self.steps
            if each[1].call in (operation, "*") and self.calls[str(each[1].call)] >= each[1].number
        ]
        self._done(found)
        return [step for _, step in found]

    def _done(self, found: list[tuple[datetime, Step]]) -> None:
        gone = {id(each) for each in found}
        self.steps = [each for each in self.steps if id(each) not in gone]


def read_script(content: str) -> list[Step]:
    """Read a script in YAML, a list of steps; raise BatchError that names the first step that is wrong."""
    try:
        given = yaml.safe_load(content)
    except yaml.YAMLError as error:
        raise BatchError("InvalidRequestBody", f"The script is no YAML: {error}") from error
    return parse_steps(given or [])


def parse_steps(given: Any) -> list[Step]:
    """Turn plain values into steps; raise BatchError that names the first one that is wrong."""
    if not isinstance(given, list):
        raise BatchError("InvalidRequestBody", "A script is a list of steps.")
    return [_step(index, each) for index, each in enumerate(given, 1)]


def _step(index: int, given: Any) -> Step:
    try:
        return _checked(given)
    except BatchError as error:
        reasons = "".join(f" {name}: {value}" for name, value in error.values.items())
        raise BatchError("InvalidRequestBody", f"Step {index} of the script: {error.message}{reasons}") from error


def _checked(given: Any) -> Step:
    if not isinstance(given, dict) or not isinstance(given.get("do"), str):
        raise BatchError("InvalidRequestBody", "it has no `do` that names a deed")
    when = {name: given[name] for name in _WHEN if name in given}
    for name, value in when.items():
        _WHEN[name](name, value)
    if ("call" in when and "at" in when) or ("call" not in when and "number" in when):
        raise BatchError("InvalidRequestBody", "it takes either `at`, or `call` with or without `number`")
    body = {name: value for name, value in given.items() if name not in _WHEN and name != "do"}
    if given["do"] == "refuse" and "call" in when:
        body.setdefault("operation", when["call"])
    deeds.check(given["do"], body)
    return Step(given["do"], body, **when)
