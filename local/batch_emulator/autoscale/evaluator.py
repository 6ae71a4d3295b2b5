"""Statements into values."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from local.batch_emulator.autoscale import functions, vocabulary
from local.batch_emulator.autoscale.errors import evaluation_error, insufficient_data
from local.batch_emulator.autoscale.history import DEFAULT_PERCENT, PERIOD, History, TooFewSamples
from local.batch_emulator.autoscale.scope import variable
from local.batch_emulator.autoscale.syntax import (
    Binary,
    Call,
    Choice,
    Expression,
    Member,
    Method,
    Name,
    Number,
    Statement,
    Text,
    Unary,
)
from local.batch_emulator.autoscale.tokenizer import Token
from local.batch_emulator.autoscale.values import (
    Interval,
    Option,
    Value,
    apply,
    is_true,
    negative,
    shift,
    type_name,
)


class Stopped(Exception):
    """stop() was called: what is assigned by now stands."""


class Evaluator:
    """Evaluates the statements of one formula in order, at one moment."""

    def __init__(self, histories: Mapping[str, History], now: datetime, current: Mapping[str, float]) -> None:
        """`current` holds the service's variables as plain numbers; a sampled one not in it is its last sample."""
        self._histories = histories
        self._now = now
        self._current = current
        self._random = random.Random(now.timestamp())  # noqa: S311  # rand() of the language keeps no secret
        self.assigned: dict[str, Value] = {}
        self._written: set[str] = set()

    def run(self, statement: Statement) -> None:
        """Evaluate one statement. Raises FormulaError, or Stopped when it calls stop()."""
        value = self._value(statement.value)
        if statement.target is None:
            return
        name = variable(statement.target.text)
        # The full name of a target wins over its alias, whichever comes last.
        if name in self._written and statement.target.text in vocabulary.ALIASES:
            return
        if statement.target.text not in vocabulary.ALIASES:
            self._written.add(name)
        self.assigned[name] = value

    def _value(self, node: Expression) -> Value:
        kinds: dict[type, Callable[..., Value]] = {
            Name: self._name,
            Unary: self._unary,
            Binary: self._binary,
            Choice: self._choice,
            Call: self._call,
            Method: self._method,
            Member: self._member,
        }
        return node.value if isinstance(node, (Number, Text)) else self._guard(node.at, kinds[type(node)], node)

    def _guard(self, at: Token, compute: Callable[..., Value], node: Expression) -> Value:
        try:
            return compute(node)
        except (TypeError, ValueError, OverflowError) as error:
            raise evaluation_error(at.line, at.column, str(error)) from error

    def _name(self, node: Name) -> Value:
        name = node.at.text
        if name in vocabulary.INTERVAL_SECONDS:
            return Interval(vocabulary.INTERVAL_SECONDS[name])
        if name in vocabulary.DEALLOCATION_OPTIONS and variable(name) not in self.assigned:
            return Option(name)
        if variable(name) in self.assigned:
            return self.assigned[variable(name)]
        return self._service_variable(node.at, variable(name))

    def _service_variable(self, at: Token, name: str) -> Value:
        if name in self._current:
            return float(self._current[name])
        if name == vocabulary.DEALLOCATION:
            return Option("requeue")
        if name not in vocabulary.SAMPLED:
            return 0.0
        return self._samples(at, name, lambda history: history.last(1))[0]

    def _unary(self, node: Unary) -> Value:
        signs, operand = [node.at], node.operand
        while isinstance(operand, Unary):
            signs.append(operand.at)
            operand = operand.operand
        value = self._value(operand)
        for sign in reversed(signs):
            value = negative(value) if sign.text == "-" else float(not is_true(value))
        return value

    def _binary(self, node: Binary) -> Value:
        # A long sum is a deep tree on its left side: walked down in a loop, not by recursion.
        chain: list[Binary] = [node]
        while isinstance(chain[-1].left, Binary):
            chain.append(chain[-1].left)
        value = self._value(chain[-1].left)
        for link in reversed(chain):
            value = self._link(link, value)
        return value

    def _link(self, node: Binary, left: Value) -> Value:
        if node.at.text not in {"&&", "||"}:
            right = self._value(node.right)
            return self._guard(node.at, lambda _: apply(node.at.text, left, right), node)
        truth = self._guard(node.at, lambda _: float(is_true(left)), node)
        if (truth == 1.0) == (node.at.text == "||"):
            return truth
        return float(is_true(self._value(node.right)))

    def _choice(self, node: Choice) -> Value:
        return self._value(node.then if is_true(self._value(node.test)) else node.otherwise)

    def _call(self, node: Call) -> Value:
        if node.at.text == "stop":
            raise Stopped
        if node.at.text == "rand":
            return self._random.random()
        arguments = [self._value(each) for each in node.arguments]
        return self._time(arguments) if node.at.text == "time" else functions.call(node.at.text, arguments)

    def _time(self, arguments: list[Value]) -> datetime:
        if not arguments or arguments[0] == "":
            return self._now
        if not isinstance(arguments[0], str):
            raise TypeError(f"time takes a string, not {type_name(arguments[0])}")
        return functions.parse_time(arguments[0])

    def _member(self, node: Member) -> Value:
        value = self._value(node.value)
        if not isinstance(value, datetime):
            raise TypeError(f"{node.at.text} is a member of a timestamp, not of {type_name(value)}")
        moment = value.astimezone(UTC)
        return float(moment.isoweekday() if node.at.text == "weekday" else getattr(moment, node.at.text))

    def _method(self, node: Method) -> Value:
        arguments = [self._value(each) for each in node.arguments]
        history = self._histories.get(node.target.text, History(()))
        if node.name == "GetSample":
            return self._samples(node.at, node.target.text, lambda found: self._get_sample(found, arguments))
        if node.name == "GetSamplePercent":
            return history.percent(*self._frame(arguments))
        if node.name == "GetSamplePeriod":
            return Interval(PERIOD.total_seconds())
        if node.name == "Count":
            return float(len(history.samples))
        if not history.samples:
            raise insufficient_data(node.at.line, node.at.column, node.target.text, 100, 0)
        return history.samples[0][0]

    def _samples(self, at: Token, name: str, read: Callable[[History], tuple[float, ...]]) -> tuple[float, ...]:
        try:
            return read(self._histories.get(name, History(())))
        except TooFewSamples as few:
            raise insufficient_data(at.line, at.column, name, few.wanted, few.received) from few

    def _get_sample(self, history: History, arguments: list[Value]) -> tuple[float, ...]:
        first, *rest = arguments
        if isinstance(first, float) and not rest:
            return history.last(first)
        percent = DEFAULT_PERCENT
        if rest and isinstance(rest[-1], float):
            percent = rest.pop()  # type: ignore[assignment]  # the line above says it is a float
        return history.between(*self._frame([first, *rest]), percent)

    def _frame(self, arguments: list[Value]) -> tuple[datetime, datetime]:
        if len(arguments) > 2:
            raise TypeError("a time frame has a start, an end and a percentage")
        start, end = self._moment(arguments[0]), self._now
        return start, self._moment(arguments[1]) if len(arguments) == 2 else end

    def _moment(self, value: Value) -> datetime:
        if isinstance(value, datetime):
            return value
        if isinstance(value, Interval):
            return shift(self._now, Interval(-value.seconds))
        raise TypeError(f"a time frame is given by timestamps or timeintervals, not by {type_name(value)}")
