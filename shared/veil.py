"""What is struck out of texts that others have written (services, nodes, libraries) before they are logged or kept.

By shape: signatures, account keys, tokens. By value: whatever this process has read as a secret, in the ways in which
errors repeat it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import quote

STRUCK = "***"
SHORTEST = 8
"""Shorter values are found in words that mean something else."""
_SHAPES = re.compile(
    r"(?i)(\bsig(?:=|%3D)|\bAccountKey=|\bSharedAccessSignature=|\bSharedKey \S+?:|\bBearer )[^\s&;\"'<>]+"
)
_TOKENS = re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")


class Veil:
    """Thread-safe. One for the process: `VEIL`."""

    def __init__(self) -> None:
        self._known: tuple[str, ...] = ()
        self._guard = threading.Lock()

    def learn(self, secret: str) -> None:
        """From now on no text that goes through `over` holds this value."""
        with self._guard:
            known = {*self._known, *_spellings(secret)}
            # The longest first: none may be struck out in part because another is a piece of it.
            self._known = tuple(sorted(known, key=len, reverse=True))

    def over(self, text: str) -> str:
        """The text without what it should not tell."""
        for secret in self._known:
            text = text.replace(secret, STRUCK)
        return _TOKENS.sub(STRUCK, _SHAPES.sub(rf"\1{STRUCK}", text))


VEIL = Veil()


def _spellings(secret: str) -> Iterator[str]:
    """As it is, without the line break that a file had, in an address, within JSON and as Python shows it."""
    for value in {secret, secret.strip()}:
        if len(value.strip()) >= SHORTEST:
            shown = {value, quote(value, safe=""), quote(value), json.dumps(value)[1:-1], repr(value)[1:-1]}
            yield from shown | {json.dumps(value, ensure_ascii=False)[1:-1]}
