"""Formula text into tokens."""

import re
from dataclasses import dataclass
from typing import Literal

from local.batch_emulator.autoscale.errors import syntax_error

Kind = Literal["number", "string", "name", "symbol", "end"]

_PATTERN = re.compile(
    r"""
    (?P<space>   \s+ | //[^\n]* | /\*.*?\*/ )
  | (?P<number>  (?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![A-Za-z_0-9.]) )
  | (?P<string>  "[^"\n]*" )
  | (?P<name>    \$?[A-Za-z_][A-Za-z_0-9]* )
  | (?P<symbol>  <=|>=|==|!=|&&|\|\||/(?!\*)|[-+*<>!?:=(),;.] )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """One word of a formula and where it stands; lines and columns count from 1."""

    kind: Kind
    text: str
    line: int
    column: int


def tokenize(formula: str) -> list[Token]:
    """Give the tokens, comments and blanks left out, closed by a token of kind `end`.

    Raises FormulaError for a character that starts nothing the language has.
    """
    tokens: list[Token] = []
    position = 0
    while position < len(formula):
        line, column = _place(formula, position)
        match = _PATTERN.match(formula, position)
        if match is None:
            raise syntax_error(line, column, f"Unexpected {_snippet(formula, position)}")
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), line, column))  # type: ignore[arg-type]  # the groups are the kinds
        position = match.end()
    return [*tokens, Token("end", "", *_place(formula, position))]


def _place(formula: str, position: int) -> tuple[int, int]:
    line_start = formula.rfind("\n", 0, position) + 1
    return formula.count("\n", 0, position) + 1, position - line_start + 1


def _snippet(formula: str, position: int) -> str:
    if formula.startswith("/*", position):
        return "comment without end"
    if formula[position] == '"':
        return "string without end"
    return f"'{formula[position]}'"
