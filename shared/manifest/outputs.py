"""Manifest sections `output` and `merge`: what a task leaves, and what becomes of it."""

from __future__ import annotations

from typing import Literal

from shared.manifest.container import read_side
from shared.manifest.cutting import one_character
from shared.manifest.findings import Wrong
from shared.manifest.models import Input, Merge, MergeBy, MergeCsv, Output, Reduce, Split
from shared.manifest.nodes import Node, shortened
from shared.manifest.paths import check_name, checked_path
from shared.manifest.section import Reader, Section
from shared.manifest.templates import OUTPUT_NAMES, TARGET_NAMES, extension, placeholders, render, text_extension
from shared.manifest.units import kind_of
from shared.manifest.values import choice, flag, integer, text

OUTPUT_FIELDS = ("name", "empty", "recordsPerUnit")
MERGE_FIELDS = ("by", "csv", "reduce", "to", "ifExists", "container")
WAYS: tuple[MergeBy, ...] = ("concat", "lines", "csv", "json", "zip", "files", "container", "none")
COUNTED: tuple[MergeBy, ...] = ("csv", "json", "lines")
_IF_EXISTS: tuple[Literal["fail", "replace"], ...] = ("fail", "replace")
_EMPTY: tuple[Literal["allow", "fail"], ...] = ("allow", "fail")
OPERATIONS = ("sum", "min", "max", "count")
MOST_COLUMNS = 1000
REDUCE_FIELDS = ("by", *OPERATIONS)
_EXTENSIONS = {"csv": ".csv", "json": ".json", "lines": ".txt"}
BYTES = "this input is cut by bytes, as split.unitsPerTask is not said"
_SAMPLE = {"stem": "a", "path": "a", "index": "0", "ext": ".x"}


def read_merge(section: Section, source: Input | None, split: Split, name: str) -> Merge:
    """The merge, with the way that the input implies."""
    by = section.get("by", choice(WAYS), _implied(source, split))
    csv = _csv(section, split, by)
    to, publish = _target(section, by, name)
    return Merge(
        by=by,
        csv=csv,
        reduce=_reduce(section, by, csv),
        container=read_side(section, by == "container", "merge"),
        to=to,
        publish=publish,
        if_exists=section.get("ifExists", choice(_IF_EXISTS), _IF_EXISTS[0]),
    )


def _implied(source: Input | None, split: Split) -> MergeBy:
    if source and source.kind == "blobs":
        return "files"
    return next((way for way in COUNTED if way == split.by), "concat")


def _csv(section: Section, split: Split, by: MergeBy) -> MergeCsv:
    if by != "csv":
        section.misplaced("csv", "goes only with merge.by: csv")
    inner = section.section("csv", ("header", "delimiter"))
    return MergeCsv(
        header=inner.get("header", flag, split.csv.header),
        delimiter=inner.get("delimiter", one_character, split.csv.delimiter),
    )


def _reduce(section: Section, by: MergeBy, csv: MergeCsv) -> Reduce | None:
    if by != "csv":
        section.misplaced("reduce", "goes only with merge.by: csv")
    elif not csv.header:
        section.misplaced("reduce", "needs columns with names", "say merge.csv.header: true")
    if not section.stated("reduce"):
        return None
    inner = section.section("reduce", REDUCE_FIELDS)
    columns = {name: inner.read_each(name, _column, MOST_COLUMNS) for name in REDUCE_FIELDS}
    _check_columns(inner, columns)
    return Reduce(**columns)


def _column(node: Node) -> str:
    value = text(node)
    if not value:
        raise Wrong("pattern", "must not be empty", "write the column's name as the header has it")
    return value


def _check_columns(section: Section, columns: dict[str, tuple[str, ...]]) -> None:
    if not section.children("by"):
        section.note("by", Wrong("required", "names no column", "name the columns that make rows belong together"))
    if not any(section.children(name) for name in OPERATIONS):
        section.note_self(Wrong("required", "names nothing to add up", f"say at least one of {', '.join(OPERATIONS)}"))
    seen: set[str] = set()
    for name in REDUCE_FIELDS:
        for column in columns[name]:
            if column in seen:
                section.note(name, Wrong("collision", f"names {shortened(column)} again", "name each column once"))
            seen.add(column)


def _target(section: Section, by: MergeBy, name: str) -> tuple[str | None, bool]:
    default = "results/{jobId}/files/" if by == "files" else "results/{jobId}/{name}{ext}"
    if by == "none" and not section.says("to", "none"):
        section.misplaced("to", "goes with no merge.by: none, which collects nothing", "leave it out, or say none")
    stated = section.get("to", _template_reader(by, name), default)
    return (None, False) if by == "none" or stated == "none" else (stated, True)


def _template_reader(by: MergeBy, name: str) -> Reader[str]:
    def reader(node: Node) -> str:
        value = text(node)
        if value == "none":
            return value
        placeholders(value, TARGET_NAMES)
        if "{" in value.partition("/")[0]:
            raise Wrong("pattern", "the container must be plain", "write placeholders after the first slash")
        sample = {"jobId": "bd-" + "x" * 45, "name": name or "x", "date": "2000-01-01", "time": "000000", "ext": ".x"}
        checked_path(render(value, sample))
        if by == "files" and not value.endswith("/"):
            raise Wrong("pattern", "must be a folder, as merge.by is files", f"write {value}/ with a slash at its end")
        if by != "files" and value.endswith("/"):
            raise Wrong("pattern", f"must name one blob, as merge.by is {by}", f"write {value}{{name}}{{ext}}")
        return value

    return reader


def read_output(section: Section, source: Input | None, split: Split, by: MergeBy) -> Output:
    """The output, with a name that needs no more than `{stem}`, `{path}`, `{index}` and a blob's own `{ext}`."""
    name = section.get("name", _name_reader(source), _default_name(source, by))
    _check_records(section, source, split, by)
    records = section.get("recordsPerUnit", integer(1, 1), None)
    empty = section.get("empty", choice(_EMPTY), _EMPTY[0])
    return Output(name=_with_extension(name, source), empty=empty, records_per_unit=records)


def _default_name(source: Input | None, by: MergeBy) -> str:
    stem = "{stem}" if source and source.kind == "blobs" else "output"
    return stem + _EXTENSIONS.get(by, "{ext}")


def _with_extension(name: str, source: Input | None) -> str:
    """`{ext}` filled in where all inputs have the same one."""
    if source is None:
        return name
    if source.kind != "blobs":
        return render(name, {"ext": text_extension(source.blob or "")})
    common = extension("x" + (source.blobs or "").rpartition("*")[2])
    return render(name, {"ext": common}) if common else name


def _name_reader(source: Input | None) -> Reader[str]:
    def reader(node: Node) -> str:
        value = text(node)
        found = placeholders(value, OUTPUT_NAMES)
        if source and source.kind != "blobs" and found & {"stem", "path"}:
            raise Wrong("templateName", "{stem} and {path} go only with input.blobs", "use {index}, or a plain name")
        if not render(value, {"ext": ""}):
            raise Wrong("pattern", "must be more than an extension", "write output{ext}")
        if value.endswith("/"):
            raise Wrong("pattern", "must name a file, not a folder", "leave the slash at the end out")
        check_name(render(value, _SAMPLE))
        return value

    return reader


def _check_records(section: Section, source: Input | None, split: Split, by: MergeBy) -> None:
    if by not in COUNTED:
        section.misplaced("recordsPerUnit", f"goes only with merge.by: {', '.join(COUNTED)}")
    elif source and is_bytes(source, split):
        section.misplaced("recordsPerUnit", f"needs units that are counted; {BYTES}", "say split.unitsPerTask")


def is_bytes(source: Input, split: Split) -> bool:
    """Whether the units are bytes."""
    return kind_of(source, split) == "bytes"
