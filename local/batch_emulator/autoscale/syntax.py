"""What a formula says, as a tree."""

from dataclasses import dataclass

from local.batch_emulator.autoscale.tokenizer import Token


@dataclass(frozen=True)
class Number:
    """A number written out."""

    at: Token
    value: float


@dataclass(frozen=True)
class Text:
    """A string written out."""

    at: Token
    value: str


@dataclass(frozen=True)
class Name:
    """A variable or a named constant."""

    at: Token


@dataclass(frozen=True)
class Unary:
    """`-x` or `!x`."""

    at: Token
    operand: "Expression"


@dataclass(frozen=True)
class Binary:
    """`left at right`."""

    at: Token
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True)
class Choice:
    """`test ? then : otherwise`; only the chosen side is evaluated."""

    at: Token
    test: "Expression"
    then: "Expression"
    otherwise: "Expression"


@dataclass(frozen=True)
class Call:
    """`function(arguments)`."""

    at: Token
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Method:
    """`object.method(arguments)`; `at` is the opening bracket, where the service places its errors."""

    at: Token
    target: Token
    name: str
    arguments: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Member:
    """`timestamp.member`."""

    at: Token
    value: "Expression"


Expression = Number | Text | Name | Unary | Binary | Choice | Call | Method | Member


@dataclass(frozen=True)
class Statement:
    """`target = value`, or a value alone (as in `stop();`) when `target` is None."""

    target: Token | None
    value: Expression
