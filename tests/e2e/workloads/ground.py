"""What all workloads do: take an example's manifest, make inputs, run its program by hand, look at results."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.conftest import Person, Status

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


@dataclass
class Workload:
    """A job of an example. `drop` and then `feed` set it going; `check` waits for its end and judges it."""

    person: Person
    folder: Path
    """For inputs, and for what the program makes of them by hand."""

    def drop(self) -> None:
        """Drop the manifest, with whatever has to be there before."""
        raise NotImplementedError

    def feed(self) -> None:
        """Bring what may come after the manifest."""

    def check(self) -> None:
        """Wait, and compare with what a direct computation gives."""
        raise NotImplementedError


def python(*arguments: object, environment: dict[str, str] | None = None) -> None:
    """Run a program of an example."""
    command = [sys.executable, *(str(argument) for argument in arguments)]
    subprocess.run(command, env=os.environ | (environment or {}), check=True, capture_output=True, timeout=60)


def manifest(example: str, known_as: str | None = None) -> str:
    """The example's own, its image under another name of its Dockerfile."""
    text = (EXAMPLES / example / "manifest.yaml").read_text()
    own = (EXAMPLES / example / "Dockerfile").read_text().splitlines()[0].removeprefix("# image: ")
    assert text.count(f"image: {own} ") == 1
    return text.replace(f"image: {own} ", f"image: {known_as or own} ")


def upload(person: Person, folder: Path, prefix: str) -> None:
    """Everything below a folder, under `container/prefix/`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda path: person.put(f"{prefix}{path.relative_to(folder)}", path.read_bytes()), files))


def below(person: Person, path: str) -> dict[str, bytes]:
    """Name below `container/prefix/` -> content."""
    container, _, prefix = path.partition("/")
    names = list(person.storage.get_container_client(container).list_blob_names(name_starts_with=prefix))
    with ThreadPoolExecutor(8) as threads:
        contents = threads.map(lambda name: person.read(f"{container}/{name}"), names)
        return {name.removeprefix(prefix): content for name, content in zip(names, contents, strict=True)}


def over(status: Status) -> bool:
    """Whether pool and job are proved gone; containers may be kept."""
    return bool(status["final"]) and bool(status["times"]["cleaned"])


def whole(person: Person, path: str) -> Status:
    """The status of a job that has succeeded with every unit merged, once nothing of it is left."""
    status = person.final(path)
    assert (status["state"], status["complete"], status["failure"]) == ("succeeded", True, None), status
    return person.cleaned(path)


def adds_up(units: dict[str, Any]) -> bool:
    """The sum rule."""
    parts = ("merged", "pending", "failed", "skipped", "notRun")
    return bool(units["total"] == sum(units[part] for part in parts))


def result_of(person: Person, status: Status) -> dict[str, Any]:
    """The job's result.json."""
    return dict(json.loads(person.read(f"results/{status['jobId']}/result.json")))
