"""Takes a task's output files to their containers, after the command."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from local.batch_emulator.runner.blob_http import TransferError, blob_url, without_query
from local.batch_emulator.runner.layout import Layout
from local.batch_emulator.runner.problems import Problem
from local.batch_emulator.runner.run_options import expand
from local.batch_emulator.runner.way import Way

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class Found:
    """A file to upload, and its blob name."""

    file: Path
    blob: str


def upload_output_files(files: Sequence[Mapping[str, Any]], layout: Layout, succeeded: bool, way: Way) -> None:
    """Upload what the conditions ask for, and tell of it in fileuploadout.txt beside stdout.txt.

    A pattern that matches nothing uploads nothing. Raises Problem for the first upload that fails, or Cancelled.
    """
    wanted = {"taskcompletion", "tasksuccess" if succeeded else "taskfailure"}
    due = [each for each in files if str(each["uploadOptions"]["uploadCondition"]).lower() in wanted]
    if due:
        with (layout.task / "fileuploadout.txt").open("w", encoding="utf-8") as log:
            for each in due:
                for line in _upload(each, layout, way):
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
    for path in sorted(_files(base, recursive="**" in moving, depth=len(moving) - 1)):
        parts = path.relative_to(base).parts
        if _matches(parts, moving):
            yield Found(path, "/".join(filter(None, [destination.strip("/"), *parts])))


def _upload(given: Mapping[str, Any], layout: Layout, way: Way) -> Iterator[str]:
    container = given["destination"].get("container") or {}
    address = way.opened(container["containerUrl"], container.get("identityReference"), "FileUploadAccessDenied")
    pattern = expand(str(given["filePattern"]), layout.variables())
    if pattern.startswith("/"):
        pattern = str(layout.host(pattern))
    headers = {each["name"]: each.get("value") or "" for each in container.get("uploadHeaders") or ()}
    for found in match_files(pattern, str(container.get("path") or ""), layout.working):
        url = blob_url(address, found.blob)
        try:
            way.transfers.upload(url, found.file, headers)
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


def _split(pattern: str) -> tuple[str, tuple[str, ...]]:
    """Give the folders before the first wildcard, and the rest."""
    parts = PurePosixPath(pattern).parts
    first = next(index for index, part in enumerate(parts) if _WILDCARDS & set(part))
    return str(PurePosixPath(*parts[:first])), parts[first:]


def _files(base: Path, recursive: bool, depth: int) -> Iterator[Path]:
    for folder, folders, names in os.walk(base):
        here = Path(folder)
        if not recursive and len(here.relative_to(base).parts) >= depth:
            folders.clear()
        for name in names:
            if (here / name).is_file():
                yield here / name


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        # At the end ** means everything below; elsewhere any number of folders, none among them.
        return bool(parts) if len(pattern) == 1 else any(_matches(parts[n:], pattern[1:]) for n in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])
