"""Tokens into statements, by the documented grammar."""

from local.batch_emulator.autoscale.errors import FormulaError, syntax_error
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
from local.batch_emulator.autoscale.tokenizer import Token, tokenize
from local.batch_emulator.autoscale.vocabulary import FUNCTIONS, METHODS, SAMPLED, TIMESTAMP_MEMBERS

# Loosest first, as in C.
_LEVELS = (("||",), ("&&",), ("==", "!="), ("<", "<=", ">", ">="), ("+", "-"), ("*", "/"))
# Keeps a hostile formula from exhausting the stack; people nest a handful.
_DEEPEST = 40


def parse_statements(formula: str) -> tuple[Statement, ...]:
    """Give the statements of a formula. Raises FormulaError with the place of the first thing that does not fit."""
    return _Parser(tokenize(formula)).statements()


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def statements(self) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while self._peek().kind != "end":
            if self._accept(";"):
                continue
            found.append(self._statement())
            if self._peek().kind != "end":
                self._expect(";")
        return tuple(found)

    def _statement(self) -> Statement:
        token, following = self._peek(), self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        if token.kind == "name" and following.text == "=":
            self._next += 2
            return Statement(token, self._expression())
        return Statement(None, self._expression())

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._unexpected(f"more than {_DEEPEST} nested expressions")
        value = self._choice()
        self._depth -= 1
        return value

    def _choice(self) -> Expression:
        test = self._binary(0)
        at = self._accept("?")
        if at is None:
            return test
        then = self._expression()
        self._expect(":")
        return Choice(at, test, then, self._expression())

    def _binary(self, level: int) -> Expression:
        if level == len(_LEVELS):
            return self._unary()
        left = self._binary(level + 1)
        while at := self._accept(*_LEVELS[level]):
            left = Binary(at, left, self._binary(level + 1))
        return left

    def _unary(self) -> Expression:
        signs: list[Token] = []
        while at := self._accept("-", "!"):
            signs.append(at)
        value = self._postfix()
        for sign in reversed(signs):
            value = Unary(sign, value)
        return value

    def _postfix(self) -> Expression:
        value = self._primary()
        while self._accept("."):
            value = self._member(value)
        return value

    def _member(self, value: Expression) -> Expression:
        name = self._take("name")
        at = self._accept("(")
        if at is not None:
            return self._method(value, name, at)
        if name.text not in TIMESTAMP_MEMBERS or isinstance(value, Member):
            raise syntax_error(name.line, name.column, f"Unknown member {name.text}")
        return Member(name, value)

    def _method(self, value: Expression, name: Token, at: Token) -> Method:
        if name.text not in METHODS:
            raise syntax_error(name.line, name.column, f"Unknown method {name.text}")
        if not isinstance(value, Name) or value.at.text not in SAMPLED:
            raise syntax_error(name.line, name.column, f"{name.text} needs a sampled variable before it")
        return Method(at, value.at, name.text, self._arguments(name, METHODS[name.text]))

    def _primary(self) -> Expression:
        token = self._peek()
        self._next += 1
        if token.kind == "number":
            return Number(token, float(token.text))
        if token.kind == "string":
            return Text(token, token.text[1:-1])
        if token.kind == "name":
            return self._call(token) if self._accept("(") else Name(token)
        if token.text == "(":
            value = self._expression()
            self._expect(")")
            return value
        self._next -= 1
        raise self._unexpected("where a value was expected")

    def _call(self, name: Token) -> Call:
        if name.text not in FUNCTIONS:
            raise syntax_error(name.line, name.column, f"Unknown function {name.text}")
        return Call(name, self._arguments(name, FUNCTIONS[name.text]))

    def _arguments(self, name: Token, allowed: tuple[int, int]) -> tuple[Expression, ...]:
        found: list[Expression] = []
        while not self._accept(")"):
            if found:
                self._expect(",")
            found.append(self._expression())
        if not allowed[0] <= len(found) <= allowed[1]:
            raise syntax_error(name.line, name.column, f"{name.text} does not take {len(found)} arguments")
        return tuple(found)

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _accept(self, *symbols: str) -> Token | None:
        token = self._peek()
        if token.kind != "symbol" or token.text not in symbols:
            return None
        self._next += 1
        return token

    def _expect(self, symbol: str) -> Token:
        token = self._accept(symbol)
        if token is None:
            raise self._unexpected(f"where '{symbol}' was expected")
        return token

    def _take(self, kind: str) -> Token:
        token = self._peek()
        if token.kind != kind:
            raise self._unexpected(f"where a {kind} was expected")
        self._next += 1
        return token

    def _unexpected(self, why: str) -> FormulaError:
        token = self._peek()
        what = "end of formula" if token.kind == "end" else f"'{token.text}'"
        return syntax_error(token.line, token.column, f"Unexpected {what} {why}")
