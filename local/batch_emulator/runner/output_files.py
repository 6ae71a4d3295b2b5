"""Takes a task's output files to their containers, after the command."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from local.batch_emulator.runner.blob_http import TransferError, Transfers, blob_url, without_query
from local.batch_emulator.runner.layout import Layout
from local.batch_emulator.runner.problems import Problem
from local.batch_emulator.runner.run_options import expand

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class Found:
    """A file to upload, and its blob name."""

    file: Path
    blob: str


def upload_output_files(
    files: Sequence[Mapping[str, Any]], layout: Layout, succeeded: bool, transfers: Transfers
) -> None:
    """Upload what the conditions ask for, and tell of it in fileuploadout.txt beside stdout.txt.

    A pattern that matches nothing uploads nothing. Raises Problem for the first upload that fails, or Cancelled.
    """
    wanted = {"taskcompletion", "tasksuccess" if succeeded else "taskfailure"}
    due = [each for each in files if str(each["uploadOptions"]["uploadCondition"]).lower() in wanted]
    if due:
        with (layout.task / "fileuploadout.txt").open("w", encoding="utf-8") as log:
            for each in due:
                for line in _upload(each, layout, transfers):
                    log.write(line + "\n")


def match_files(pattern: str, destination: str, working: Path) -> Iterator[Found]:
    """Give the files a pattern means, with their blob names, in order of name.

    Without a wildcard `destination` is the blob's name (the file's own when it is empty). With one it is a virtual
    folder, and what follows the last folder without a wildcard is kept. `**` means any number of folders.
    """
    if not _WILDCARDS & set(pattern):
        file = _at(working, pattern)
        if file.is_file():
            yield Found(file, destination.strip("/") or file.name)
        return
    fixed, moving = _split(pattern)
    base = _at(working, fixed)
    expression = re.compile(_expression(moving))
    for path in sorted(_files(base, recursive="**" in moving, depth=moving.count("/"))):
        relative = path.relative_to(base).as_posix()
        if expression.fullmatch(relative):
            yield Found(path, "/".join(filter(None, [destination.strip("/"), relative])))


def _upload(given: Mapping[str, Any], layout: Layout, transfers: Transfers) -> Iterator[str]:
    container = given["destination"].get("container") or {}
    if container.get("identityReference"):
        raise Problem("FileUploadAccessDenied", "identityReference: the emulator has no managed identities, give a SAS")
    pattern = expand(str(given["filePattern"]), layout.variables())
    if pattern.startswith("/"):
        pattern = str(layout.host(pattern))
    headers = {each["name"]: each.get("value") or "" for each in container.get("uploadHeaders") or ()}
    for found in match_files(pattern, str(container.get("path") or ""), layout.working):
        url = blob_url(container["containerUrl"], found.blob)
        try:
            transfers.upload(url, found.file, headers)
        except TransferError as error:
            raise _problem(url, found, error) from error
        yield f"{found.file.name} -> {without_query(url)}"


def _problem(url: str, found: Found, error: TransferError) -> Problem:
    codes = {401: "FileUploadAccessDenied", 403: "FileUploadAccessDenied", 409: "FileUploadConflict"}
    if error.status == 404:
        code = "FileUploadContainerNotFound"
    else:
        code = codes.get(error.status or 0, "FileUploadTimedOut" if error.slow else "FileUploadMiscError")
    message = f"The output file {found.file.name} could not be uploaded: {error}"
    return Problem(code, message, FilePath=str(found.file.name), BlobDestination=without_query(url))


def _at(working: Path, pattern: str) -> Path:
    return Path(os.path.normpath(working / pattern))


def _split(pattern: str) -> tuple[str, str]:
    """Give the folders before the first wildcard, and the rest."""
    parts = PurePosixPath(pattern).parts
    first = next(index for index, part in enumerate(parts) if _WILDCARDS & set(part))
    return str(PurePosixPath(*parts[:first])), "/".join(parts[first:])


def _files(base: Path, recursive: bool, depth: int) -> Iterator[Path]:
    for folder, folders, names in os.walk(base):
        here = Path(folder)
        if not recursive and len(here.relative_to(base).parts) >= depth:
            folders.clear()
        for name in names:
            if (here / name).is_file():
                yield here / name


def _expression(pattern: str) -> str:
    pieces = []
    for part in pattern.split("/"):
        # A trailing ** means everything below; elsewhere it stands for any number of folders.
        pieces.append("(?:[^/]+/)*" if part == "**" else _segment(part) + "/")
    expression = "".join(pieces)
    return expression.removesuffix("/") if not pattern.endswith("**") else expression + "[^/]+"


def _segment(part: str) -> str:
    translated = {"*": "[^/]*", "?": "[^/]"}
    pieces = re.findall(r"\[!?[^\]]+\]|.", part)
    return "".join(
        translated.get(each) or (each.replace("[!", "[^") if len(each) > 1 else re.escape(each)) for each in pieces
    )
