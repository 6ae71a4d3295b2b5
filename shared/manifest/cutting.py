"""Manifest section `split`: how the input becomes tasks."""

from __future__ import annotations

from shared.manifest.container import read_side
from shared.manifest.findings import Wrong
from shared.manifest.models import CsvDialect, Input, Split, SplitBy
from shared.manifest.nodes import Node, shortened
from shared.manifest.section import Section
from shared.manifest.templates import text_extension
from shared.manifest.units import unit_json
from shared.manifest.values import choice, flag, integer, size, text

FIELDS = ("by", "unitsPerTask", "bytesPerTask", "tasks", "csv", "json", "bytes", "container")
WAYS: tuple[SplitBy, ...] = ("lines", "csv", "json", "fasta", "fastq", "bytes", "container")
MOST_TASKS = 1_000_000
MOST_BLOBS_PER_TASK = 500
LARGEST_UNIT_VARIABLE = 2048

BY_EXTENSION: dict[str, SplitBy] = {
    **dict.fromkeys((".txt", ".log", ".jsonl", ".ndjson"), "lines"),
    **dict.fromkeys((".csv", ".tsv"), "csv"),
    ".json": "json",
    **dict.fromkeys((".fasta", ".fa", ".fna", ".faa"), "fasta"),
    **dict.fromkeys((".fastq", ".fq"), "fastq"),
}
_count = integer(1, MOST_TASKS)


def read_split(section: Section, source: Input | None) -> Split:
    """The split of `source`, with the way that its name's extension implies."""
    by = _way(section, source)
    csv = _csv(section, source)
    _check_formats(section, by)
    if source:
        _check_goes_with(section, source)
    found = Split(
        by=by,
        units_per_task=section.get("unitsPerTask", _count, None),
        bytes_per_task=section.get("bytesPerTask", size(64 * 1024, 1024**4), None),
        tasks=section.get("tasks", _count, None),
        csv=csv,
        json_path=section.section("json", ("path",)).get("path", text, ""),
        record_size=section.section("bytes", ("recordSize",)).get("recordSize", integer(1, 2**31), 1),
        container=read_side(section, by == "container", "split"),
    )
    if source is None:
        return found
    _check_sizes(section, source, found)
    found = _with_defaults(found, source)
    _check_count(section, source, found)
    return found


def _way(section: Section, source: Input | None) -> SplitBy | None:
    stated = section.get("by", choice(WAYS), None)
    if source is None:
        return stated
    if source.kind != "blob":
        _refuse_way_without_blob(section, source, stated)
        return stated if stated == "container" else None
    return stated if section.stated("by") else _implied(section, source.blob)


def _refuse_way_without_blob(section: Section, source: Input, stated: SplitBy | None) -> None:
    if stated == "container" and source.kind == "blobs":
        return
    if stated:
        section.misplaced("by", "goes only with input.blob")


def _implied(section: Section, blob: str | None) -> SplitBy | None:
    if blob is None:
        return None
    suffix = text_extension(blob).lower()
    by = BY_EXTENSION.get(suffix)
    if by is None:
        message = f"is missing, and the extension {shortened(suffix)} of input.blob does not tell"
        section.note("by", Wrong("required", message, f"say split.by: one of {', '.join(WAYS)}"))
    return by


def _csv(section: Section, source: Input | None) -> CsvDialect:
    inner = section.section("csv", ("header", "delimiter", "quote", "quotedNewlines", "encoding"))
    tabbed = source is not None and text_extension(source.blob or "").lower() == ".tsv"
    inner.get("encoding", choice(("utf-8",)), "utf-8")
    found = CsvDialect(
        header=inner.get("header", flag, default=True),
        delimiter=inner.get("delimiter", one_character, "\t" if tabbed else ","),
        quote=inner.get("quote", one_character, '"'),
        quoted_newlines=inner.get("quotedNewlines", flag, default=True),
    )
    if found.quote == found.delimiter:
        inner.note("quote", Wrong("collision", "is the delimiter too", "choose another quote or delimiter"))
    return found


def one_character(node: Node) -> str:
    """One character of one byte that can part fields."""
    value = text(node)
    if len(value) != 1 or value in "\r\n" or not value.isascii():
        message = f"must be one ASCII character and no line break, not {shortened(value)}"
        raise Wrong("pattern", message, 'write it in quotes, such as "," or "\\t"')
    return value


def _check_formats(section: Section, by: SplitBy | None) -> None:
    for name in ("csv", "json", "bytes"):
        if by != name:
            section.misplaced(name, f"goes only with split.by: {name}")


def _check_goes_with(section: Section, source: Input) -> None:
    if section.says("by", "container"):
        for name in ("unitsPerTask", "bytesPerTask", "tasks"):
            section.misplaced(name, "goes not with split.by: container, which makes the parts itself")
    if source.kind != "blob":
        section.misplaced("bytesPerTask", "goes only with input.blob", "say unitsPerTask or tasks")
    if source.deliver == "environment" and source.kind in ("items", "sweep"):
        message = "does not go with input.deliver: environment, where unitsPerTask makes BATCHDROP_UNIT a list"
        section.misplaced("tasks", message, "say unitsPerTask")


def _check_sizes(section: Section, source: Input, split: Split) -> None:
    others = [name for name in ("unitsPerTask", "bytesPerTask") if section.stated(name)]
    if section.stated("tasks") and others:
        section.note("tasks", Wrong("exactlyOne", f"stands beside {' and '.join(others)}", "keep tasks, or the others"))
    if source.kind == "blobs" and (split.units_per_task or 0) > MOST_BLOBS_PER_TASK:
        message = f"is {split.units_per_task}; a task can be given at most {MOST_BLOBS_PER_TASK} blobs"
        section.note("unitsPerTask", Wrong("range", message, f"say {MOST_BLOBS_PER_TASK} or less"))


def _with_defaults(split: Split, source: Input) -> Split:
    if split.by == "container":
        return split
    if source.kind in ("items", "sweep", "blobs") and split.units_per_task is None and split.tasks is None:
        return split.model_copy(update={"units_per_task": 1})
    return split


def _check_count(section: Section, source: Input, split: Split) -> None:
    units = counted(source)
    if units is not None and split.units_per_task and -(-units // split.units_per_task) > MOST_TASKS:
        message = f"gives {-(-units // split.units_per_task)} tasks; at most {MOST_TASKS} are possible"
        section.note("unitsPerTask", Wrong("range", message, "say a larger unitsPerTask"))
    elif source.deliver == "environment" and source.kind in ("items", "sweep"):
        _check_variable(section, source, split.units_per_task or 1)


def counted(source: Input) -> int | None:
    """How many units there are, where the manifest alone tells."""
    if source.kind == "items":
        return len(source.items)
    if source.kind == "range":
        return source.range.count if source.range else 0
    if source.kind != "sweep":
        return None
    total = 1
    for values in source.sweep.values():
        total *= len(values)
    return total if source.sweep else 0


def _check_variable(section: Section, source: Input, per_task: int) -> None:
    longest = _longest_items(source, per_task) if source.kind == "items" else _longest_combination(source, per_task)
    if longest > LARGEST_UNIT_VARIABLE:
        message = f"a task's units take up to {longest} bytes as BATCHDROP_UNIT; at most {LARGEST_UNIT_VARIABLE} fit"
        section.note("unitsPerTask", Wrong("range", message, "say less unitsPerTask, or input.deliver: file"))


def _longest_items(source: Input, per_task: int) -> int:
    lengths = [_bytes(item) for item in source.items]
    tasks = (lengths[at : at + per_task] for at in range(0, len(lengths), per_task))
    return max((_listed(sum(task), len(task), per_task) for task in tasks), default=0)


def _longest_combination(source: Input, per_task: int) -> int:
    pairs = [_bytes(name) + 1 + max(map(_bytes, values), default=0) for name, values in source.sweep.items()]
    one = sum(pairs) + len(pairs) + 1
    return _listed(one * per_task, per_task, per_task)


def _listed(total: int, count: int, per_task: int) -> int:
    return total if per_task == 1 else total + count + 1


def _bytes(value: object) -> int:
    return len(unit_json(value).encode())
