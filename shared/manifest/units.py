"""What one unit of a manifest is, and how it looks in an environment variable."""

from __future__ import annotations

import json
from typing import Any

from shared.manifest.models import Input, Manifest, Split, UnitKind


def unit_kind(manifest: Manifest) -> UnitKind:
    """The kind of a manifest's units: what fails alone, and what `failure.tolerated` counts."""
    return kind_of(manifest.input, manifest.split)


def kind_of(source: Input, split: Split) -> UnitKind:
    """One blob cut by ranges has bytes; only `unitsPerTask` counts its lines. A splitter of the user's own says."""
    if split.by == "container":
        return "units"
    match source.kind:
        case "blob":
            return "bytes" if split.units_per_task is None else "lines"
        case "range":
            return "numbers"
        case "sweep":
            return "combinations"
        case "items" | "blobs":
            return source.kind


def unit_json(value: Any) -> str:
    """A unit as BATCHDROP_UNIT holds it: JSON without spaces, characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
