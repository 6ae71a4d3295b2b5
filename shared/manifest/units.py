"""What one unit of a manifest is, and how it looks in an environment variable."""

from __future__ import annotations

import json
from typing import Any

from shared.manifest.models import Input, Manifest, Split, SplitBy, UnitKind

_COUNTED: dict[SplitBy, UnitKind] = {
    "lines": "lines",
    "csv": "csv rows",
    "json": "json elements",
    "fasta": "fasta records",
    "fastq": "fastq records",
    "bytes": "records",
}


def unit_kind(manifest: Manifest) -> UnitKind:
    """The kind of a manifest's units: what fails alone, and what `failure.tolerated` counts."""
    return kind_of(manifest.input, manifest.split)


def kind_of(source: Input, split: Split) -> UnitKind:
    """One blob cut by ranges has bytes; what must be read whole to be cut is counted. A splitter of the user's own says
    what a unit is."""
    if split.by == "container":
        return "units"
    match source.kind:
        case "blob":
            return _COUNTED[split.by or "lines"] if is_counted(split) else "bytes"
        case "range":
            return "numbers"
        case "sweep":
            return "combinations"
        case "items" | "blobs":
            return source.kind


def is_counted(split: Split) -> bool:
    """Whether the units of one blob are its records, however it is sized: with `unitsPerTask` always, else where no
    small read can tell where a record begins (JSON, and CSV whose fields may hold newlines)."""
    by_reading = split.by == "json" or (split.by == "csv" and split.csv.quoted_newlines)
    return by_reading or split.units_per_task is not None


def reads_whole_input(source: Input, split: Split) -> bool:
    """Whether every byte of the input has to be read to cut it; records of one length are found by arithmetic."""
    return source.kind == "blob" and split.by not in ("bytes", "container") and is_counted(split)


def unit_json(value: Any) -> str:
    """A unit as BATCHDROP_UNIT holds it: JSON without spaces, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
