"""Figures for a person, and the same for a program."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


def show(head: Sequence[str], rows: Sequence[Sequence[object]], total: Mapping[str, object]) -> None:
    """One table with its totals; as the last line, these as one JSON object."""
    last = ["all", *(total.get(name, "") for name in head[1:])]
    lines = [list(map(str, line)) for line in (head, *rows, last)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    for line in lines:
        print(
            "  ".join(
                f"{cell:>{width}}" if column else f"{cell:<{width}}"
                for column, (cell, width) in enumerate(zip(line, widths, strict=True))
            )
        )
    print(json.dumps(total), flush=True)
