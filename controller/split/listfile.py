"""The list file: what a task with several blobs reads, JSON Lines of `{"unit", "path", "blob", "output"}`. Pure."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator

from controller.split.output_names import blob_output, is_file_name
from controller.split.rows import Row, SourceBlob
from shared.errors import Refused
from shared.manifest.models import Manifest

INPUT_DIR = "/batchdrop/input"
OUTPUT_DIR = "/batchdrop/output"


def lines(manifest: Manifest, row: Row, *, whole: bool = False) -> Iterator[bytes]:
    """One line a blob: `unit` counts from 0 within the task, `path` and `output` are absolute in the container.

    `whole`: blobs lie below INPUT_DIR under their whole names.
    """
    container = container_of(manifest)
    for unit, (blob, output) in enumerate(zip(row.blobs, outputs(manifest, row), strict=True)):
        fields = {
            "unit": unit,
            "path": f"{INPUT_DIR}/{whole_name(blob) if whole else f'{unit}/{own_name(blob)}'}",
            "blob": f"{container}/{blob.name}",
            "output": f"{OUTPUT_DIR}/{output}",
        }
        yield json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def outputs(manifest: Manifest, row: Row) -> list[str]:
    """The output of each blob, relative to OUTPUT_DIR. Refused where one is the folder of another."""
    names = [blob_output(manifest, blob, row.first + unit) for unit, blob in enumerate(row.blobs)]
    folders = {folder for name in names for folder in parents(name)}
    for name, blob in zip(names, row.blobs, strict=True):
        if name in folders:
            raise Refused("SPLIT", 0, f"output {name} of blob {blob.name} would also be a folder. Change output.name.")
    return names


def parents(name: str) -> list[str]:
    """The folders a relative path needs: `a`, `a/b` of `a/b/c`."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def own_name(blob: SourceBlob) -> str:
    """The blob's name without its folders. Refused where no file can have it."""
    return _checked(posixpath.basename(blob.name), blob)


def whole_name(blob: SourceBlob) -> str:
    """The blob's name with its folders. Refused where no file in a folder can have it."""
    return _checked(blob.name, blob)


def _checked(name: str, blob: SourceBlob) -> str:
    if not is_file_name(name):
        raise Refused("SPLIT", 0, f"blob {blob.name!r} cannot be a file's name on a node. Exclude or rename it.")
    return name


def container_of(manifest: Manifest) -> str:
    """The container that `input.blobs` or `input.blob` names."""
    return (manifest.input.blobs or manifest.input.blob or "").partition("/")[0]
