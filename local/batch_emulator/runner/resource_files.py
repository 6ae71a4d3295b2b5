"""Brings a task's resource files into its working directory, before the command."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from local.batch_emulator.runner.blob_http import TransferError, Transfers, blob_url, without_query
from local.batch_emulator.runner.problems import Problem, disk_problem
from local.batch_emulator.runner.way import Way

_DEFAULT_MODE = 0o770


def fetch_resource_files(files: Sequence[Mapping[str, Any]], working: Path, way: Way) -> None:
    """Download everything that is listed. Raises Problem with the service's code, or Cancelled."""
    for each in files:
        if each.get("autoStorageContainerName"):
            raise Problem("BlobNotFound", "autoStorageContainerName: the emulator has no auto-storage account")
        if each.get("storageContainerUrl"):
            _fetch_container(each, working, way)
        else:
            mode = int(str(each.get("fileMode") or "0"), 8) or _DEFAULT_MODE
            url = way.opened(str(each["httpUrl"]), each.get("identityReference"), "BlobAccessDenied")
            _fetch(url, _inside(working, str(each["filePath"])), mode, way.transfers)


def _fetch_container(given: Mapping[str, Any], working: Path, way: Way) -> None:
    plain, prefix = str(given["storageContainerUrl"]), str(given.get("blobPrefix") or "")
    url = way.opened(plain, given.get("identityReference"), "ResourceContainerAccessDenied")
    folder = _inside(working, str(given.get("filePath") or "."))
    mode = int(str(given.get("fileMode") or "0"), 8) or _DEFAULT_MODE
    try:
        names = list(way.transfers.list_blobs(url, prefix))
    except TransferError as error:
        raise _listing_problem(url, error) from error
    for name in names:
        if not name.endswith("/"):
            _fetch(blob_url(url, name), _inside(folder, name), mode, way.transfers)


def _fetch(url: str, file: Path, mode: int, transfers: Transfers) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        transfers.download(url, file)
        file.chmod(mode)
    except TransferError as error:
        raise _download_problem(url, file.name, error) from error
    except OSError as error:
        raise disk_problem(error, "ResourceFileWriteFailed") from error


def _inside(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise Problem("ResourceFileCreateFailed", f"The file path {name} leads out of the working directory")
    return folder / path


def _download_problem(url: str, name: str, error: TransferError) -> Problem:
    code = {404: "BlobNotFound", 401: "BlobAccessDenied", 403: "BlobAccessDenied", 409: "BlobAccessDenied"}.get(
        error.status or 0, "BlobDownloadTimedOut" if error.slow else "BlobDownloadMiscError"
    )
    message = f"The resource file {name} could not be downloaded: {error}"
    return Problem(code, message, BlobSource=without_query(url), FilePath=name)


def _listing_problem(url: str, error: TransferError) -> Problem:
    codes = {
        404: "ResourceContainerNotFound",
        401: "ResourceContainerAccessDenied",
        403: "ResourceContainerAccessDenied",
    }
    other = "ResourceContainerListTimedOut" if error.slow else "ResourceContainerListMiscError"
    message = f"The container of resource files could not be listed: {error}"
    return Problem(codes.get(error.status or 0, other), message, ContainerUrl=without_query(url))
