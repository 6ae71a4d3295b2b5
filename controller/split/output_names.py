"""`output.name`: the template {stem} {ext} {path} {index}, resolved for one source blob or one task. Pure."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

from controller.split.rows import Row, SourceBlob
from shared.errors import Refused
from shared.globs import fixed_folder
from shared.manifest.models import Manifest
from shared.names import KEEP

MERGE_EXTENSIONS = {"csv": ".csv", "json": ".json", "lines": ".txt", "zip": ".zip"}
_OF_A_BLOB = ("{stem}", "{ext}", "{path}")
_VARIABLE = re.compile(r"\{(stem|ext|path|index)\}")
_LONGEST_PART = 255
"""Bytes in a file name on the nodes' file systems."""


def output_name(manifest: Manifest, row: Row) -> str:
    """Where the task's one output lies, relative to OUTPUT_DIR.

    A task with a list file has one output only where the merge joins: the template, or, where it speaks of a single
    blob, `output` with the merge's extension. `{index}` is the job-wide position of the blob, else the task's index.
    """
    template = manifest.output.name
    if manifest.input.kind != "blobs":
        return _task_output(template, manifest.input.blob or "", row.index if "{index}" in template else None)
    if not row.data:
        return blob_output(manifest, row.blobs[0], row.first)
    if any(variable in template for variable in _OF_A_BLOB):
        template = f"output{MERGE_EXTENSIONS.get(manifest.merge.by, '')}"
    return _checked(_resolved(template, {"index": str(row.index)}), row.index)


def blob_output(manifest: Manifest, blob: SourceBlob, position: int) -> str:
    """The name that belongs to one source blob; `position` is its place among all. Refused where it is no file name."""
    folder = fixed_folder(manifest.input.blobs or "").partition("/")[2]
    stem, ext = posixpath.splitext(posixpath.basename(blob.name))
    values = {"stem": stem, "ext": ext, "path": blob.name.removeprefix(folder), "index": str(position)}
    return _checked(_resolved(manifest.output.name, values), blob.name)


@lru_cache(maxsize=1024)
def is_file_name(path: str) -> bool:
    """Can a relative path with these parts be made in a folder, and nowhere else?"""
    return "\0" not in path and all(
        part not in ("", ".", "..") and len(part.encode()) <= _LONGEST_PART for part in path.split("/")
    )


@lru_cache(maxsize=1024)
def _task_output(template: str, blob: str, index: int | None) -> str:
    """`index`: None where the template does not ask for it, so that all tasks of a job have one name."""
    values = {"index": str(index), "ext": posixpath.splitext(blob)[1], "stem": "", "path": ""}
    return _checked(_resolved(template, values), index or 0)


def is_told_apart(template: str) -> bool:
    """Does the template alone make every blob's name different from all others?"""
    found = set(_VARIABLE.findall(template))
    return found in ({"path"}, {"index"}) and len(_VARIABLE.findall(template)) == 1


def _resolved(template: str, values: dict[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values[match[1]], template) if "{" in template else template


def _checked(name: str, source: str | int) -> str:
    if not is_file_name(name) or posixpath.basename(name) == KEEP:
        of = f"blob {source}" if isinstance(source, str) else f"task {source}"
        raise Refused("SPLIT", 0, f"output.name gives {name!r} for {of}, which is no file name. Change output.name.")
    return name
