"""Folders in place of mounts: filled before each task, carried back after it. For machines without FUSE."""

import threading
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from local.batch_emulator.runner.blob_http import TransferError, Transfers, blob_url
from local.batch_emulator.runner.mounts.wanted import Wanted
from local.batch_emulator.runner.problems import Problem, disk_problem


class FolderMounter:
    """Copies in place of mounts."""

    name = "synchronised"

    def attach(self, wanted: Wanted, folder: Path, stopping: threading.Event) -> "SynchronisedFolder":
        """Fill the folder. Raises Problem."""
        found = SynchronisedFolder(wanted, folder)
        found.refresh()
        return found


@dataclass
class _State:
    """What folder and container agreed on: the blob's ETag, time and size of the file."""

    etag: str
    stamp: tuple[int, int]


@dataclass
class SynchronisedFolder:
    """A folder that is a copy of a container."""

    wanted: Wanted
    folder: Path
    _known: dict[str, _State] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _transfers: Transfers = field(default_factory=Transfers)

    def refresh(self) -> None:
        """Fetch what changed in the container, remove what is gone from it. Raises Problem."""
        with self._lock:
            try:
                self._fetch(dict(self._transfers.list_entries(self.wanted.url, "")))
            except TransferError as error:
                raise Problem("BlobDownloadMiscError", f"{self.wanted.container} could not be read: {error}") from error
            except OSError as error:
                raise disk_problem(error, "ResourceFileWriteFailed") from error

    def _fetch(self, present: dict[str, str]) -> None:
        for name in set(self._known) - set(present):
            (self.folder / name).unlink(missing_ok=True)
            del self._known[name]
        for name, etag in present.items():
            known = self._known.get(name)
            if name.endswith("/") or ".." in PurePosixPath(name).parts or (known and known.etag == etag):
                continue
            file = self.folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            self._transfers.download(blob_url(self.wanted.url, name), file)
            self._known[name] = _State(etag, _stamp(file))

    def flush(self) -> None:
        """Carry what changed in the folder to the container, unless it is read-only. Raises Problem."""
        if self.wanted.readonly:
            return
        with self._lock:
            try:
                self._carry({str(path.relative_to(self.folder)): path for path in self.folder.rglob("*")
                             if path.is_file()})  # fmt: skip
            except TransferError as error:
                raise Problem("FileUploadMiscError", f"{self.wanted.container} took no file: {error}") from error

    def _carry(self, present: dict[str, Path]) -> None:
        for name in set(self._known) - set(present):
            self._transfers.delete(blob_url(self.wanted.url, name))
            del self._known[name]
        changed = [name for name, file in present.items() if self._is_news(name, file)]
        for name in changed:
            stamp = _stamp(present[name])
            etag = self._transfers.upload(blob_url(self.wanted.url, name), present[name], {})
            self._known[name] = _State(etag, stamp)

    def _is_news(self, name: str, file: Path) -> bool:
        return name not in self._known or self._known[name].stamp != _stamp(file)

    def detach(self) -> None:
        """Break off what is under way; the files stay with the node's folder."""
        self._transfers.abort()


def _stamp(file: Path) -> tuple[int, int]:
    facts = file.stat()
    return facts.st_mtime_ns, facts.st_size
