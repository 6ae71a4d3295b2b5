"""Globs over paths `container/blob`: `*` is any text without a slash, `**` any text, `**/` at the start of a segment
any number of whole folders, none included. Everything else stands for itself; case matters.

A pattern is a small machine whose states are the bits of one integer, so a match costs one step per character whatever
the pattern is: no pattern can make it slow.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import NamedTuple


class Wildcard(Enum):
    """What a pattern holds besides plain characters."""

    TEXT = "*"
    ANY = "**"
    FOLDERS = "**/"


Token = str | Wildcard


def has_wildcard(text: str) -> bool:
    """Whether `text` is more than one plain path."""
    return "*" in text


def fixed_prefix(pattern: str) -> str:
    """What every match begins with: `data/img_` of `data/img_*.png`. A listing needs to look at nothing else."""
    return pattern.partition("*")[0]


def fixed_folder(pattern: str) -> str:
    """The part of a glob that every match shares, up to and with its last slash: `data/photos/` of `data/photos/**`."""
    fixed = fixed_prefix(pattern)
    return fixed[: fixed.rfind("/") + 1]


def matches(pattern: str, path: str) -> bool:
    """Whether `path` is one of the paths that `pattern` stands for."""
    machine = _machine(pattern)
    return path.startswith(machine.prefix) and machine.accepts(path[len(machine.prefix) :])


def covers(pattern: str, other: str) -> bool:
    """Whether every path that the glob `other` stands for is one that `pattern` stands for.

    Never True wrongly; False also where it takes more than one look to see it (`a*` and `**a*` written otherwise).
    """
    tokens = _tokens(other)
    machine = _machine(pattern)
    return machine.accepts(tokens, whole=True)


def _tokens(pattern: str) -> list[Token]:
    tokens: list[Token] = []
    at = 0
    while at < len(pattern):
        token, width = _token_at(pattern, at)
        at += width
        if not (tokens and isinstance(token, Wildcard) and tokens[-1] == token):
            tokens.append(token)
    return tokens


def _token_at(pattern: str, at: int) -> tuple[Token, int]:
    stars = len(pattern) - at - len(pattern[at:].lstrip("*")) if pattern[at] == "*" else 0
    if stars == 0:
        return pattern[at], 1
    if stars == 1:
        return Wildcard.TEXT, 1
    starts_segment = at == 0 or pattern[at - 1] == "/"
    if starts_segment and pattern[at + stars : at + stars + 1] == "/":
        return Wildcard.FOLDERS, stars + 1
    return Wildcard.ANY, stars


@dataclass
class _Building:
    literals: dict[str, int]
    text: int = 0
    any: int = 0
    entry: int = 0
    inside: int = 0
    states: int = 0


class _Machine(NamedTuple):
    """Bit i set = the pattern may stand before its token i. FOLDERS has two states: before it, and inside it."""

    prefix: str
    literals: dict[str, int]
    text: int
    any: int
    entry: int
    inside: int
    final: int
    prefix_steps: int

    def accepts(self, symbols: Iterable[Token], *, whole: bool = False) -> bool:
        """Whether all of `symbols` can be taken; `whole` = they include the plain prefix."""
        states = self._settled(1 if whole else 1 << self.prefix_steps)
        for symbol in symbols:
            states = self._settled(self._step(states, symbol))
            if not states:
                return False
        return bool(states & self.final)

    def _step(self, states: int, symbol: Token) -> int:
        """The states after a character, or after a wildcard of another glob (which must be taken whatever it is)."""
        inside = (states & self.entry) << 1 | states & self.inside
        after = states & self.any | inside
        if symbol == "/" or symbol is Wildcard.FOLDERS:
            after |= inside << 1
        elif symbol is not Wildcard.ANY:
            after |= states & self.text
        if isinstance(symbol, str):
            after |= (states & self.literals.get(symbol, 0)) << 1
        return after

    def _settled(self, states: int) -> int:
        """With every wildcard that may stand for nothing also left behind."""
        while True:
            more = states | (states & (self.text | self.any)) << 1 | (states & self.entry) << 2
            if more == states:
                return states
            states = more


@lru_cache(maxsize=512)
def _machine(pattern: str) -> _Machine:
    tokens = _tokens(pattern)
    building = _Building({})
    for token in tokens:
        _add(building, token)
    prefix = fixed_prefix(pattern)
    return _Machine(
        prefix,
        building.literals,
        building.text,
        building.any,
        building.entry,
        building.inside,
        1 << building.states,
        len(prefix),
    )


def _add(building: _Building, token: Token) -> None:
    bit = 1 << building.states
    building.states += 1
    if isinstance(token, str):
        building.literals[token] = building.literals.get(token, 0) | bit
    elif token is Wildcard.TEXT:
        building.text |= bit
    elif token is Wildcard.ANY:
        building.any |= bit
    else:
        building.entry |= bit
        building.inside |= bit << 1
        building.states += 1
