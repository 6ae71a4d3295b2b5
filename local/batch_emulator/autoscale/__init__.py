"""The autoscale formula language of Azure Batch: text, samples and a moment in, targets out. No clock, no I/O."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.batch_emulator.autoscale.errors import EVALUATION, SYNTAX, TOO_LONG, FormulaError
from local.batch_emulator.autoscale.evaluator import Evaluator, Stopped
from local.batch_emulator.autoscale.history import DELAY, arrived
from local.batch_emulator.autoscale.parser import parse_statements
from local.batch_emulator.autoscale.scope import check_names
from local.batch_emulator.autoscale.syntax import Statement
from local.batch_emulator.autoscale.values import Option, Value, show, type_name
from local.batch_emulator.autoscale.vocabulary import DEALLOCATION, DEDICATED, LOW_PRIORITY

LONGEST = 8192
MOST_STATEMENTS = 100

Samples = Mapping[str, Sequence[tuple[datetime, float]]]


@dataclass(frozen=True)
class Evaluation:
    """What a formula gave.

    `results` is the text of the service: the three variables a pool takes, then the formula's own in order of name.
    `variables` holds the same values by name; the targets are whole numbers.
    """

    results: str
    variables: Mapping[str, Value]

    @property
    def dedicated(self) -> int:
        """The target number of dedicated nodes."""
        return int(self.variables[DEDICATED])  # type: ignore[arg-type]  # _target made it a float

    @property
    def low_priority(self) -> int:
        """The target number of Spot nodes."""
        return int(self.variables[LOW_PRIORITY])  # type: ignore[arg-type]  # _target made it a float

    @property
    def deallocation(self) -> str:
        """What becomes of the tasks of nodes that are taken away: requeue, terminate, taskcompletion, retaineddata."""
        return show(self.variables[DEALLOCATION])


def check(formula: str) -> tuple[Statement, ...]:
    """Give the statements of a formula, or raise FormulaError as the service does when a formula is set on a pool."""
    if len(formula) > LONGEST:
        raise FormulaError(TOO_LONG, f"The autoscale formula is longer than {LONGEST} characters")
    statements = parse_statements(formula)
    if len(statements) > MOST_STATEMENTS:
        raise FormulaError(SYNTAX, f"The autoscale formula has more than {MOST_STATEMENTS} statements")
    check_names(statements)
    return statements


def evaluate(
    formula: str,
    samples: Samples,
    now: datetime,
    current: Mapping[str, float],
    delay: timedelta = DELAY,
) -> Evaluation:
    """Evaluate a formula at `now` (aware).

    `samples` holds all that were taken, by variable ("$PendingTasks"); those younger than `delay` have not arrived.
    `current` gives the service's variables that are read as plain numbers ("$CurrentDedicatedNodes", the targets,
    "$TaskSlotsPerNode"). Targets the formula does not set stay as in `current` (0 when absent there); fractions are
    cut off. Raises FormulaError; the pool then keeps its size.
    """
    statements = check(formula)
    histories = {name: arrived(values, now, delay) for name, values in samples.items()}
    evaluator = Evaluator(histories, now, current)
    try:
        for statement in statements:
            evaluator.run(statement)
    except Stopped:
        pass
    return _evaluation(evaluator.assigned, current)


def _evaluation(assigned: Mapping[str, Value], current: Mapping[str, float]) -> Evaluation:
    variables: dict[str, Value] = {
        DEDICATED: _target(DEDICATED, assigned, current),
        LOW_PRIORITY: _target(LOW_PRIORITY, assigned, current),
        DEALLOCATION: _option(assigned.get(DEALLOCATION, Option("requeue"))),
    }
    variables.update((name, assigned[name]) for name in sorted(assigned) if name not in variables)
    return Evaluation(";".join(f"{name}={show(value)}" for name, value in variables.items()), variables)


def _target(name: str, assigned: Mapping[str, Value], current: Mapping[str, float]) -> float:
    value = assigned.get(name, float(current.get(name, 0)))
    if not isinstance(value, float):
        raise FormulaError(EVALUATION, f"{name} must be a double, not {type_name(value)}")
    if not math.isfinite(value) or value <= -1:
        raise FormulaError(EVALUATION, f"{name} cannot be {show(value)}")
    return float(int(value))


def _option(value: Value) -> Option:
    if not isinstance(value, Option):
        raise FormulaError(EVALUATION, f"{DEALLOCATION} cannot be {type_name(value)} {show(value)}")
    return value


__all__ = ["Evaluation", "FormulaError", "Samples", "check", "evaluate"]
