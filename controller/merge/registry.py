"""Which joiner a manifest's merge takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller.merge.concat import ConcatJoiner
from controller.merge.csv import CsvJoiner
from controller.merge.json import JsonJoiner
from controller.merge.lines import LinesJoiner
from controller.merge.parts import Joiner, Part, join
from controller.merge.zip import ending
from shared.errors import Defect
from shared.manifest.models import Manifest, Merge

JOINERS: dict[str, Callable[[Merge], Joiner]] = {
    "concat": lambda _: ConcatJoiner(),
    "lines": lambda _: LinesJoiner(),
    "csv": lambda merge: CsvJoiner(header=merge.csv.header),
    "json": lambda _: JsonJoiner(),
    "container": lambda _: ConcatJoiner(),
}
"""`container` joins only what is empty: without any task there is nothing to recombine."""
CONTENT_TYPES = {
    "lines": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "zip": "application/zip",
}


def joiner_of(merge: Merge) -> Joiner:
    """A fresh joiner; Defect for a merge that joins nothing (files, none)."""
    if merge.by not in JOINERS:
        raise Defect(f"merge.by: {merge.by} joins no outputs")
    return JOINERS[merge.by](merge)


def empty_result(manifest: Manifest) -> bytes:
    """What a job without any unit results in: `[]` for json, an empty archive for zip, no byte for the others."""
    if manifest.merge.by == "zip":
        return ending(0, 0, 0)
    return b"".join(join(joiner_of(manifest.merge), ()))


def count_records(manifest: Manifest, chunks: Iterator[bytes]) -> int:
    """How many records one output holds: lines, rows of a CSV without its header, elements of a JSON array.

    Refused with MERGE where it does not have the form; Defect where the merge has no records (concat).
    """
    joiner = joiner_of(manifest.merge)
    for _ in join(joiner, (Part("this task", chunks),)):
        pass
    if joiner.records is None:
        raise Defect(f"merge.by: {manifest.merge.by} counts no records")
    return joiner.records
