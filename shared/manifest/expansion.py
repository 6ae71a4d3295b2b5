"""`$(NAME)` in command, args and environment values, as Kubernetes has it: no shell, `$$` stands for one `$`.

So `$$(NAME)` reaches the program as `$(NAME)`. A `$` before anything else, and a `$(` that is never closed, stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")


def names_in(text: str) -> tuple[str, ...]:
    """The names that `text` refers to, in order, each once. What stands in the parentheses, be it a name or not."""
    closed, _ = _closed(text)
    found = (match.group(1) for match in _REFERENCE.finditer(closed))
    return tuple(dict.fromkeys(name for name in found if name is not None))


def expand(text: str, values: Mapping[str, str]) -> str:
    """`text` with every `$(NAME)` replaced by its value; KeyError names one without (a parsed manifest has none)."""
    closed, rest = _closed(text)
    replaced = _REFERENCE.sub(lambda match: "$" if match.group(1) is None else values[match.group(1)], closed)
    return replaced + rest.replace("$$", "$")


def _closed(text: str) -> tuple[str, str]:
    """Up to the last `)`, and the rest, which cannot hold a reference: searching it for one would take for ever."""
    end = text.rfind(")") + 1
    return text[:end], text[end:]
