"""Names, checked before anything is evaluated: a formula with an undefined name is refused when it is given."""

from collections.abc import Iterator

from local.batch_emulator.autoscale.errors import syntax_error
from local.batch_emulator.autoscale.syntax import (
    Binary,
    Call,
    Choice,
    Expression,
    Member,
    Method,
    Name,
    Statement,
    Unary,
)
from local.batch_emulator.autoscale.tokenizer import Token
from local.batch_emulator.autoscale.vocabulary import (
    ALIASES,
    ASSIGNABLE,
    DEALLOCATION_OPTIONS,
    INTERVAL_SECONDS,
    SAMPLED,
)


def variable(name: str) -> str:
    """Give the one spelling of a variable: the dollar sign is optional for a user's own, and aliases are resolved."""
    spelled = name if name.startswith("$") else f"${name}"
    return ALIASES.get(spelled, spelled)


def check_names(statements: tuple[Statement, ...]) -> None:
    """Raise FormulaError at the first name that is read before it is set, or set although it is read-only."""
    known = {variable(name) for name in ASSIGNABLE | SAMPLED}
    for statement in statements:
        for token in _names(statement.value):
            _check_read(token, known)
        if statement.target is not None:
            _check_write(statement.target)
            known.add(variable(statement.target.text))


def _check_read(token: Token, known: set[str]) -> None:
    constant = token.text in INTERVAL_SECONDS or token.text in DEALLOCATION_OPTIONS
    service = variable(token.text) in ASSIGNABLE | SAMPLED
    if constant or (variable(token.text) in known and not (service and not token.text.startswith("$"))):
        return
    raise syntax_error(token.line, token.column, f"Undefined variable {token.text}")


def _check_write(token: Token) -> None:
    if token.text in SAMPLED or token.text in INTERVAL_SECONDS or token.text in DEALLOCATION_OPTIONS:
        raise syntax_error(token.line, token.column, f"{token.text} cannot be assigned")
    if variable(token.text) in ASSIGNABLE | SAMPLED and not token.text.startswith("$"):
        raise syntax_error(token.line, token.column, f"{token.text} needs its dollar sign")


def _names(expression: Expression) -> Iterator[Token]:
    waiting: list[Expression] = [expression]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Name):
            yield node.at
        waiting.extend(reversed(_children(node)))


def _children(node: Expression) -> tuple[Expression, ...]:
    if isinstance(node, Unary):
        return (node.operand,)
    if isinstance(node, Binary):
        return (node.left, node.right)
    if isinstance(node, Choice):
        return (node.test, node.then, node.otherwise)
    if isinstance(node, (Call, Method)):
        return node.arguments
    return (node.value,) if isinstance(node, Member) else ()
