"""Rows of the ledger and of the frozen list of source blobs, as values and as JSON Lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SourceBlob:
    """A blob the job reads: its name within its container, its version, its bytes."""

    name: str
    etag: str
    length: int


@dataclass(frozen=True)
class Row:
    """What one task gets: `units` units from `first` on, in the unit kind of the job.

    Where the kind is `bytes`, `first` and `units` are byte offset and length, and the rows tile the input. `data`: the
    task reads a blob of its own in the job's input container; `bytes` is then its length. `blobs` is filled in by
    `controller.split.sources.with_blobs` where the input is `blobs`: the ledger holds the interval only.
    """

    index: int
    first: int
    units: int
    bytes: int = 0
    blobs: tuple[SourceBlob, ...] = ()
    data: bool = False


def to_lines(rows: Iterable[Row]) -> bytes:
    """One compact JSON object a line; fields that hold their default are left out."""
    return _lines(_row_fields(row) for row in rows)


def from_lines(raw: bytes) -> tuple[Row, ...]:
    """The inverse of `to_lines`."""
    return tuple(_row(fields) for fields in _objects(raw))


def sources_to_lines(sources: Iterable[SourceBlob]) -> bytes:
    """One JSON array `[name, etag, length]` a line."""
    return _lines([each.name, each.etag, each.length] for each in sources)


def sources_from_lines(raw: bytes) -> tuple[SourceBlob, ...]:
    """The inverse of `sources_to_lines`."""
    return tuple(SourceBlob(*fields) for fields in _objects(raw))


def _row_fields(row: Row) -> dict[str, Any]:
    fields: dict[str, Any] = {"index": row.index, "first": row.first, "units": row.units}
    if row.bytes:
        fields["bytes"] = row.bytes
    if row.data:
        fields["data"] = True
    if row.blobs:
        fields["blobs"] = [[each.name, each.etag, each.length] for each in row.blobs]
    return fields


def _row(fields: dict[str, Any]) -> Row:
    blobs = tuple(SourceBlob(*each) for each in fields.pop("blobs", ()))
    return Row(**fields, blobs=blobs)


def _lines(values: Iterable[Any]) -> bytes:
    lines = (json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values)
    return "".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass")


def _objects(raw: bytes) -> Iterator[Any]:
    return (json.loads(line) for line in raw.splitlines())
