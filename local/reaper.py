"""`python -m local.reaper`: what the hourly reaper would delete now, and why; and what it leaves alone, and why.

Settings come from the environment, or with `--settings FILE` from a local.settings.json. Nothing is deleted or written.
Exit code 0: it was read; 2: the settings or the accounts cannot be read.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from controller.orphans import Judged, survey
from controller.wiring import make_deployment, make_ports, within
from shared.errors import BatchdropError
from shared.settings import read_settings

_SECONDS = 300
_HEAD = ("", "kind", "id", "since (UTC)", "why")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.reaper", description=__doc__)
    parser.add_argument("--settings", type=Path, help="a local.settings.json (default: the environment)")
    options = parser.parse_args()
    try:
        if options.settings:
            os.environ.update(json.loads(options.settings.read_text(encoding="utf-8-sig"))["Values"])
        with within(_SECONDS):
            judged = list(read())
    except (BatchdropError, OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for line in report(judged):
        print(line)
    return 0


def read() -> Iterator[Judged]:
    """As the reaper of the deployment that the settings are of would see it."""
    settings = read_settings()
    ports = make_ports(settings)
    return survey(ports, make_deployment(settings, ports))


def report(judged: Iterable[Judged]) -> Iterator[str]:
    """A table, what goes first; then one line that counts."""
    rows = sorted(judged, key=lambda each: not each.goes)
    yield from table([_HEAD, *map(row_of, rows)])
    goes = sum(each.goes for each in rows)
    yield f"{goes} to delete, {len(rows) - goes} left alone; nothing was deleted"


def row_of(judged: Judged) -> tuple[str, ...]:
    found = judged.found
    return ("delete" if judged.goes else "leave", found.kind, found.id, f"{found.since:%Y-%m-%d %H:%M}", judged.why)


def table(rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Columns as wide as what is in them."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


if __name__ == "__main__":
    sys.exit(main())
