"""Nodes whose images are Python functions: files come and go by the addresses of the task, as on a real node."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path, PosixPath, PurePosixPath
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from local.batch_emulator.execution import Execution, Failure, Handle, Launch, Outcome
from local.in_process.exchange import Service, to
from tests.loop.ground import Container, Program

RUNNING = 1000
"""What a program answers that is not done: it is asked again."""
HEADERS = {"x-ms-version": "2023-11-03"}


class Nowhere(PosixPath):
    """A folder, and all below it, that is never made: nothing of a node is on this machine's disk."""

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing is made."""

    def is_dir(self, *_: object, **__: object) -> bool:
        return False


@dataclass(frozen=True)
class Words:
    """What the programs of `tests.loop` read of a task."""

    environment: tuple[tuple[str, str], ...]
    arguments: tuple[str, ...]


class Nodes(Execution):
    """Runs each task by calling `program` at each poll until it is done."""

    name = "in this process"

    def __init__(self, program: Program, internet: Service) -> None:
        self.program, self.internet = program, internet
        self.runs: list[str] = []
        """The tasks whose programs came to an end, one for each run."""

    def start(self, launch: Launch) -> Handle:
        return Run(self, launch)

    def task_directory(self, launch: Launch) -> Path:
        return launch.node_root / "workitems" / str(launch.job_id) / "job-1" / str(launch.task_id)

    def close(self) -> None:
        """Nothing runs by itself."""


class Run(Handle):
    """One attempt of one task."""

    def __init__(self, nodes: Nodes, launch: Launch) -> None:
        self._nodes, self._launch, self._outcome = nodes, launch, None

    def poll(self) -> Outcome | None:
        if self._outcome is None:
            self._outcome = self._run()
        return self._outcome

    def stop(self) -> None:
        """It is asked no more."""

    def _run(self) -> Outcome | None:
        task = self._launch.task
        words = Words(tuple(self._launch.environment.items()), tuple(shlex.split(task.get("commandLine") or "")))
        container = Container(words, {})  # type: ignore[arg-type]  # as much of a task as programs see
        for resource in task.get("resourceFiles", []):
            fetch = self._fetch_folder if "storageContainerUrl" in resource else self._fetch
            missing = fetch(resource, container)
            if missing:
                return missing
        code = self._nodes.program(container)
        if code == RUNNING:
            return None
        self._nodes.runs.append(str(self._launch.task_id))
        code = code if isinstance(code, int) else 0
        return self._upload(container, code) or Outcome(code, None)

    def _fetch(self, resource: dict[str, Any], container: Container) -> Outcome | None:
        answer = self._nodes.internet(to("GET", resource["httpUrl"], HEADERS))
        if answer.status != 200:
            said = f"{resource['httpUrl'].partition('?')[0]}: {answer.status}"
            return Outcome(None, Failure("usererror", "BlobDownloadMiscError", said))
        container.files[f"/batchdrop/{resource['filePath']}"] = answer.body
        return None

    def _fetch_folder(self, resource: dict[str, Any], container: Container) -> Outcome | None:
        """All blobs of a container below a prefix, by as many listings as it takes."""
        base, _, signature = resource["storageContainerUrl"].partition("?")
        prefix, marker = resource.get("blobPrefix", ""), ""
        while True:
            asked = urlencode({"restype": "container", "comp": "list", "prefix": prefix, "marker": marker})
            answer = self._nodes.internet(to("GET", f"{base}?{asked}&{signature}".rstrip("&"), HEADERS))
            if answer.status != 200:
                return Outcome(None, Failure("usererror", "ResourceContainerListMiscError", f"{base}: {answer.status}"))
            page = ElementTree.fromstring(answer.body)  # noqa: S314 - of our own store
            for name in (str(each.text) for each in page.iterfind("Blobs/Blob/Name")):
                one = {"httpUrl": f"{base}/{quote(name)}?{signature}", "filePath": f"{resource['filePath']}/{name}"}
                missing = self._fetch(one, container)
                if missing:
                    return missing
            marker = page.findtext("NextMarker") or ""
            if not marker:
                return None

    def _upload(self, container: Container, code: int) -> Outcome | None:
        met = {"taskcompletion", "tasksuccess" if code == 0 else "taskfailure"}
        for output in self._launch.task.get("outputFiles", []):
            if output["uploadOptions"]["uploadCondition"].lower() not in met:
                continue
            target = output["destination"]["container"]
            for name, content in matching(container, output["filePattern"], target.get("path", "")):
                status = self._put(target["containerUrl"], name, content)
                if status != 201:
                    return Outcome(code, Failure("usererror", "FileUploadMiscError", f"{name}: {status}"))
        return None

    def _put(self, container: str, name: str, content: bytes) -> int:
        base, _, signature = container.partition("?")
        headers = {**HEADERS, "x-ms-blob-type": "BlockBlob"}
        return self._nodes.internet(to("PUT", f"{base}/{quote(name)}?{signature}", headers, content)).status


def matching(container: Container, pattern: str, path: str) -> list[tuple[str, bytes]]:
    """Names and contents of what an output file uploads: the logs, a tree, or one file under its own path."""
    if pattern == "../std*.txt":
        return [(f"{path}/stderr.txt", container.stderr.encode()), (f"{path}/stdout.txt", b"")]
    files = {name.removeprefix("/batchdrop/"): content for name, content in container.files.items()}
    if "*" not in pattern:
        return [(path or pattern, files[pattern])] if pattern in files else []
    root = pattern.partition("*")[0]
    below = {name.removeprefix(root): content for name, content in files.items() if name.startswith(root)}
    return [(str(PurePosixPath(path) / name), content) for name, content in below.items()]
