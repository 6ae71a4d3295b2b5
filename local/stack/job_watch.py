"""Every change of every job, read from the container `status` as any program could read it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

CONTAINER = "status"


@dataclass(frozen=True)
class JobLine:
    """One change: `text` is for a person, `state` and `final` for a program."""

    manifest: str
    state: str
    final: bool
    text: str


class JobWatch:
    """Looks at the status blobs; a blob is read only when its ETag has changed."""

    def __init__(self, connection_string: str) -> None:
        self._blobs = BlobServiceClient.from_connection_string(connection_string, retry_total=1)
        self._etags: dict[str, str] = {}
        self._lines: dict[str, str] = {}

    def close(self) -> None:
        """Close the connections."""
        self._blobs.close()

    def changes(self) -> Iterator[JobLine]:
        """What has changed since the last call, oldest first; at the first call, everything that is there."""
        container = self._blobs.get_container_client(CONTAINER)
        for blob in sorted(container.list_blobs(), key=lambda each: each.last_modified):
            if self._etags.get(blob.name) == blob.etag:
                continue
            try:
                status = json.loads(container.download_blob(blob.name).readall())
            except ResourceNotFoundError:
                continue
            self._etags[blob.name] = blob.etag
            line = describe(blob.name.removesuffix(".json"), status)
            if self._lines.get(blob.name) != line.text:
                self._lines[blob.name] = line.text
                yield line


def describe(manifest: str, status: dict[str, Any]) -> JobLine:
    """A status document in one line, and what it waits for or died of in lines below it."""
    head = [f"{manifest}: {status['state']}"]
    head += [part for part in (status.get("jobId"), _tasks(status), _result(status)) if part]
    notes = [note for note in (*_waiting(status), *_problems(status), _failure(status), _cleanup(status)) if note]
    return JobLine(manifest, status["state"], bool(status.get("final")), "\n    ".join(["  ".join(head), *notes]))


def _tasks(status: dict[str, Any]) -> str:
    tasks = status.get("tasks") or {}
    if not tasks.get("total"):
        return ""
    shown = ", ".join(f"{tasks[kind]} {kind}" for kind in ("running", "failed", "skipped") if tasks.get(kind))
    return f"{tasks.get('succeeded', 0)}/{tasks['total']} tasks" + (f" ({shown})" if shown else "")


def _result(status: dict[str, Any]) -> str:
    link = (status.get("links") or {}).get("result")
    return f"-> {link}" if link else ""


def _waiting(status: dict[str, Any]) -> list[str]:
    return [f"waiting, {each['code']}: {each['message']}" for each in status.get("waiting") or ()]


def _problems(status: dict[str, Any]) -> list[str]:
    found = []
    for each in status.get("problems") or ():
        line = f"line {each['line']}, " if each.get("line") else ""
        found.append(f"{line}{each.get('path') or 'manifest'}: {each['message']} {each.get('fix') or ''}".rstrip())
    return found


def _failure(status: dict[str, Any]) -> str:
    failure = status.get("failure")
    return f"failed, {failure['code']}: {failure['message']}" if failure else ""


def _cleanup(status: dict[str, Any]) -> str:
    state = (status.get("cleanup") or {}).get("state")
    return f"clean-up: {state}" if status.get("final") and state else ""
