"""The OData subset of $filter: eq ne gt ge lt le, and or not, startswith, parentheses, DateTime'...'."""

import operator
import re
from collections.abc import Callable, Container
from datetime import datetime
from typing import Any

from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.moments import parse_stamp

Lookup = Callable[[str], Any]
Test = Callable[[Lookup], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<paren>[(),])|(?P<date>[Dd]ate[Tt]ime'[^']*')|(?P<text>'(?:[^']|'')*')"
    r"|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w/]*))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq, "ne": operator.ne, "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
_DEEPEST = 50


def _refuse(text: str, reason: str) -> BatchError:
    return BatchError(
        "InvalidQueryParameterValue", QueryParameterName="$filter", QueryParameterValue=text[:200], Reason=reason
    )


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    stripped = text.rstrip()
    while at < len(stripped):
        match = _TOKEN.match(stripped, at)
        if not match or match.lastgroup is None:
            raise _refuse(text, f"cannot read it from {stripped[at : at + 20]!r} on")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


def _plain(value: Any) -> Any:
    """Names compare without case, as the service does for values."""
    if isinstance(value, bool) or value is None or isinstance(value, datetime):
        return value
    return value if isinstance(value, int | float) else str(value).casefold()


def _comparison(name: str, word: str, wanted: Any) -> Test:
    compare = _COMPARE[word]

    def test(lookup: Lookup) -> bool:
        value = _plain(lookup(name))
        if value is None or wanted is None:
            return compare(value, wanted) if word in ("eq", "ne") else False
        return type(value) is type(wanted) and compare(value, wanted) if word != "ne" else value != wanted

    return test


class _Parser:
    def __init__(self, text: str, names: Container[str]) -> None:
        self.text = text
        self.names = names
        self.tokens = _tokens(text)
        self.depth = 0

    def peek(self) -> str:
        return self.tokens[0][1] if self.tokens else ""

    def take(self, expected: str | None = None) -> tuple[str, str]:
        if not self.tokens:
            raise _refuse(self.text, "it ends too early")
        kind, value = self.tokens.pop(0)
        if expected is not None and value != expected:
            raise _refuse(self.text, f"expected {expected!r}, found {value!r}")
        return kind, value

    def any_of(self) -> Test:
        tests = [self.all_of()]
        while self.peek() == "or":
            self.take()
            tests.append(self.all_of())
        return tests[0] if len(tests) == 1 else lambda lookup: any(test(lookup) for test in tests)

    def all_of(self) -> Test:
        tests = [self.one()]
        while self.peek() == "and":
            self.take()
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda lookup: all(test(lookup) for test in tests)

    def one(self) -> Test:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _refuse(self.text, "it is nested too deep")
        test = self._inner()
        self.depth -= 1
        return test

    def _inner(self) -> Test:
        if self.peek() == "(":
            self.take("(")
            test = self.any_of()
            self.take(")")
            return test
        if self.peek() == "not":
            self.take()
            inner = self.one()
            return lambda lookup: not inner(lookup)
        return self.startswith() if self.peek() == "startswith" else self.compare()

    def startswith(self) -> Test:
        self.take("startswith")
        self.take("(")
        name = self.name()
        self.take(",")
        start = str(self.value()).casefold()
        self.take(")")
        return lambda lookup: str(lookup(name) or "").casefold().startswith(start)

    def compare(self) -> Test:
        name = self.name()
        _, word = self.take()
        if word not in _COMPARE:
            raise _refuse(self.text, f"{word!r} is no operator")
        return _comparison(name, word, _plain(self.value()))

    def name(self) -> str:
        kind, name = self.take()
        if kind != "word" or name.split("/")[0] not in self.names:
            raise _refuse(self.text, f"{name!r} cannot be filtered on")
        return name

    def value(self) -> Any:
        kind, value = self.take()
        if kind == "text":
            return value[1:-1].replace("''", "'")
        if kind == "number":
            return float(value) if "." in value else int(value)
        if kind == "date":
            return self._date(value[9:-1])
        if value in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[value]
        raise _refuse(self.text, f"{value!r} is no value")

    def _date(self, text: str) -> datetime:
        try:
            return parse_stamp(text)
        except ValueError as error:
            raise _refuse(self.text, f"{text!r} is no date") from error


def parse(text: str, names: Container[str]) -> Test:
    """Give a test for one resource; raise BatchError (400) for what is no filter over `names`."""
    parser = _Parser(text, names)
    test = parser.any_of()
    if parser.tokens:
        raise _refuse(text, f"does not go on with {parser.peek()!r}")
    return test
