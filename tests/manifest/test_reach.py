"""How far the text of a manifest gets: into Batch's hands as one argument, one value or one name; never further."""

from __future__ import annotations

import json
import shlex
import subprocess
import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from controller.batch_job import make_job, make_pool, preparation_script
from controller.side import Given, side_pool, side_task
from controller.split.rows import Row, SourceBlob
from controller.tasks import Setting, make_task
from shared.azure.batch_bodies import job_body, pool_body
from shared.azure.node_access import SignedAccess
from shared.azure.task_bodies import task_body
from shared.manifest.expansion import expand
from shared.manifest.models import Manifest
from shared.manifest.units import unit_kind
from shared.names import JobId
from shared.specs import Site
from tests.builders import JOB, NOW, a_record, later
from tests.edge.test_task_bodies import CountingSigner
from tests.fakes.batch import IMAGES
from tests.fakes.secrets import MemorySecrets
from tests.manifest.making import POLICY, parsed, parsed_yaml

BLOB = Row(0, 0, 4, 40, data=True)
ENVIRONMENT = {
    "AZ_BATCH_TASK_WORKING_DIR": "/node/wd",
    "AZ_BATCH_NODE_SHARED_DIR": "/node/shared",
    "PATH": "/usr/bin:/bin",
}


def bodies(manifest: Manifest, row: Row = BLOB) -> dict[str, Any]:
    """Everything that Batch is told because of a manifest, as JSON."""
    setting = Setting(JOB, manifest, unit_kind(manifest), 1, later(days=1))
    record, access, none = a_record(manifest), SignedAccess(CountingSigner()), MemorySecrets()
    reference = [(item, (SourceBlob(item.source.partition("/")[2], "0x1", 1),)) for item in manifest.reference]
    pools = [make_pool(record, IMAGES[0], Site(), 1, NOW, later(days=1))]
    tasks = {"task": make_task(setting, row)}
    for which in ("splitter", "recombiner"):
        if (manifest.split if which == "splitter" else manifest.merge).container:
            pools.append(side_pool(record, which, IMAGES[0], Site(), NOW))
            tasks[which] = side_task(JOB, manifest, which, Given((), (), {"OUTPUT_PATH": "/batchdrop/output/x"}))
    found = {name: task_body(spec, access) for name, spec in tasks.items()}
    job = make_job(record, [(name, "from the vault") for name in manifest.container.secrets], reference, later(days=1))
    found["job"] = job_body(job, access).as_dict()
    found |= {f"pool{number}": pool_body(spec, access, none).as_dict() for number, spec in enumerate(pools)}
    return found


def shell_reads(text: str) -> list[str]:
    """The words that a POSIX shell makes of a line: the node expands like one, at most."""
    script = 'for word in "$@"; do printf "%s\\0" "$word"; done'
    run = subprocess.run(
        ["/bin/sh", "-c", f"set -- {text}\n{script}"], capture_output=True, check=True, env=ENVIRONMENT, timeout=20
    )
    return run.stdout.decode().split("\0")[:-1]


PIECES = [
    *"'\"`$\\;&|<>(){}*?~!#%^=,: \t\n-/a_é",
    "$AZ_BATCH_TASK_WORKING_DIR",
    "--privileged",
    "-v",
    "$HOME",
    "'; x; '",
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=8).map(lambda pieces: "".join(pieces).replace("$(", "$ ("))
LINE = HOSTILE.map(lambda text: text.replace("\n", "").replace("\t", ""))


@settings(max_examples=60)
@given(st.lists(HOSTILE, min_size=1, max_size=3), st.lists(HOSTILE, max_size=3), LINE, HOSTILE)
def test_words_stay_words(command: list[str], args: list[str], folder: str, value: str) -> None:
    """Whatever stands in command, args, workingDirectory and environment: one word each, read by a real shell."""
    manifest = parsed(
        {
            "container.command": command,
            "container.args": args,
            "container.workingDirectory": f"/{folder}",
            "container.environment": {"A": value},
            "reference": [{"name": "db", "from": "reference/db/"}],
        }
    )
    body = bodies(manifest, Row(0, 0, 1, 1, data=True))["task"]
    options = shell_reads(body["containerSettings"]["containerRunOptions"])
    expected = [
        *("-v", "/node/wd:/batchdrop"),
        *("-v", f"/node/shared/{JOB}:/batchdrop-reference:ro"),
        *("--workdir", f"/{folder}"),
    ]
    words = [expand(word, {}) for word in (*command, *args)]
    assert options == [*expected, "--entrypoint", words[0]]
    assert shell_reads(body["commandLine"]) == words[1:]
    assert shlex.split(body["commandLine"]) == words[1:]
    assert {"name": "A", "value": expand(value, {})} in body["environmentSettings"]


MARKED = """\
version: 1
name: mark-name
labels: {team: mark-label}
idempotencyKey: mark-key
container:
  image: contoso.azurecr.io/mark-image:1
  command: [mark-command]
  args: [mark-args]
  workingDirectory: /mark-folder
  environment: {MARK_VARIABLE: mark-value}
  secrets: {MARK_SECRET: task-sql}
config: {inline: mark-config}
reference:
  - {name: mark-ref, from: reference/mark-source.tar, unpack: true}
input: {blob: data/mark-blob.txt, waitFor: data/mark-wait}
split: {by: container, container: {image: contoso.azurecr.io/mark-splitter:1, command: [mark-cut, mark-cuts]}}
output: {name: mark-output}
merge:
  by: container
  to: results/mark-to
  container:
    image: contoso.azurecr.io/mark-recombiner:1
    args: [mark-join]
    environment: {MARK_JOINS: mark-joined}
compute: {vmSize: Standard_D2s_v5, osImage: mark-os}
"""
REACHED = {
    "mark-label": {"pool*.metadata[*].value", "job.metadata[*].value"},
    "mark-image": {
        "task.containerSettings.imageName",
        "pool*.virtualMachineConfiguration.containerConfiguration.containerImageNames[*]",
    },
    "mark-command": {"task.containerSettings.containerRunOptions"},
    "mark-args": {"task.commandLine"},
    "mark-folder": {"task.containerSettings.containerRunOptions"},
    "mark-value": {"task.environmentSettings[*].value"},
    "MARK_VARIABLE": {"task.environmentSettings[*].name"},
    "MARK_SECRET": {"job.commonEnvironmentSettings[*].name"},
    "mark-ref": {"job.jobPreparationTask.commandLine", "job.jobPreparationTask.resourceFiles[*].filePath"},
    "mark-source": {
        "job.jobPreparationTask.commandLine",
        "job.jobPreparationTask.resourceFiles[*].filePath",
        "job.jobPreparationTask.resourceFiles[*].httpUrl",
    },
    "mark-output": {"task.environmentSettings[*].value"},
    "mark-splitter": {
        "splitter.containerSettings.imageName",
        "pool*.virtualMachineConfiguration.containerConfiguration.containerImageNames[*]",
    },
    "mark-cut": {"splitter.containerSettings.containerRunOptions"},
    "mark-cuts": {"splitter.commandLine"},
    "mark-recombiner": {
        "recombiner.containerSettings.imageName",
        "pool*.virtualMachineConfiguration.containerConfiguration.containerImageNames[*]",
    },
    "mark-join": {"recombiner.commandLine"},
    "MARK_JOINS": {"recombiner.environmentSettings[*].name"},
    "mark-joined": {"recombiner.environmentSettings[*].value"},
    "mark-os": set(),
    "mark-name": set(),
    "mark-key": set(),
    "mark-config": set(),
    "mark-blob": set(),
    "mark-wait": set(),
    "mark-to": set(),
}
"""Batch is told nothing else: the rest stays with the controller, or is data in a file."""


def strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from strings(each, f"{path}.{name}")
    elif isinstance(value, list):
        for each in value:
            yield from strings(each, f"{path}[*]")
    elif isinstance(value, str):
        yield path, value


def test_each_text_reaches_only_its_own_place() -> None:
    """A manifest with a mark in every text: each is found in Batch's requests just where it belongs."""
    found: dict[str, set[str]] = {mark: set() for mark in REACHED}
    row = Row(0, 0, 1, 1, (SourceBlob("_parts/x", "0x1", 1),))
    for name, body in bodies(parsed_yaml(MARKED), row).items():
        for path, text in strings(
            json.loads(json.dumps(body, default=str)), "pool*" if name.startswith("pool") else name
        ):
            words = (
                text.replace("/", " ").replace(":", " ").replace(".", " ").replace("?", " ").replace("'", " ").split()
            )
            for mark in REACHED:
                if mark in words:
                    found[mark].add(path)
    assert found == REACHED


def leaves(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Dotted names of all fields of a model that can hold text of any kind."""
    for name, field in model.model_fields.items():
        yield from texts(field.annotation, f"{path}.{name}".lstrip("."))


def texts(kind: Any, path: str) -> Iterator[str]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from leaves(kind, path)
    elif kind is str or kind is Any:
        yield path
    elif get_origin(kind) in (tuple, dict, Union, UnionType):
        for inner in dict.fromkeys(get_args(kind)):
            yield from texts(inner, path)


KNOWN = {
    "name": "a slug",
    "labels": "metadata, printable",
    "idempotency_key": "hashed",
    "container.image": "an image's name",
    "container.command": "words",
    "container.args": "words",
    "container.working_directory": "a word",
    "container.environment": "names and values",
    "container.secrets": "names that the policy lists",
    "config": "data in a file, or a path that the policy lists",
    "reference.name": "a slug",
    "reference.source": "a path that the policy lists",
    "input.retry_of": "a job's id",
    "input.items": "data",
    "input.blob": "a path that the policy lists",
    "input.blobs": "a glob that the policy covers",
    "input.sweep": "data",
    "input.exclude": "a glob that only takes away",
    "input.wait_for": "a path that the policy lists",
    "split.csv.delimiter": "one character",
    "split.csv.quote": "one character",
    "split.json_path": "steps within the input",
    "output.name": "a name below OUTPUT_DIR",
    "merge.csv.delimiter": "one character",
    "merge.reduce.by": "names of columns",
    "merge.reduce.sum": "names of columns",
    "merge.reduce.min": "names of columns",
    "merge.reduce.max": "names of columns",
    "merge.reduce.count": "names of columns",
    "merge.to": "a path that the policy lists",
    "compute.vm_size": "a size that the policy lists",
    "compute.pool": "an id that the policy lists",
    "compute.os_image": "compared with the service's own",
    "limits.max_cost.currency": "the policy's",
    "warnings": "ours",
} | {
    f"{way}.container.{name}": "as container.*"
    for way in ("split", "merge")
    for name in ("image", "command", "args", "environment", "secrets", "vm_size")
}


def test_every_text_of_a_manifest_is_known_here() -> None:
    """A new field that holds text has to say here what it is held to, and show above where it reaches."""
    assert set(leaves(Manifest)) == set(KNOWN)


NAMES = [
    "a b.tar",
    "$(touch pwned).tar",
    "`touch pwned`.tar",
    "';touch pwned;'.tar",
    "--checkpoint=1 --checkpoint-action=exec=touch pwned.tar",
    "-rf.tar",
    "far.example:x.tar",
    "*.tar",
    "$AZ_BATCH_NODE_SHARED_DIR.tar",
]


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_may_have_any_name(name: str, tmp_path: Path) -> None:
    """What unpacks reference data on the node takes the name for a name: it unpacks, and runs nothing else."""
    manifest = parsed({"reference": [{"name": "db", "from": f"reference/{name}", "unpack": True}]})
    folder = tmp_path / "reference" / "db"
    folder.mkdir(parents=True)
    with tarfile.open(folder / name, "w") as archive:
        archive.addfile(tarfile.TarInfo("inside"), BytesIO())
    shared = tmp_path / "shared"
    words = shlex.split(f"/bin/sh -c {shlex.quote(preparation_script(JOB, list(manifest.reference)))}")
    run = subprocess.run(
        words, cwd=tmp_path, capture_output=True, text=True, timeout=20,
        env=ENVIRONMENT | {"AZ_BATCH_NODE_SHARED_DIR": str(shared)}, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert [path.name for path in (shared / JOB / "db").iterdir()] == ["inside"]
    assert list(tmp_path.rglob("pwned")) == []


@pytest.mark.parametrize(
    "image", ["-v.x/a:1", "--privileged.x/a", "a.x-/b", "../a.x/b", "a.x/../b", "a.x/b c", "a.x/$b"]
)
def test_an_image_is_no_option(image: str) -> None:
    """Not even where the policy allows every image."""
    from tests.manifest.making import problems, told

    everything = POLICY.model_copy(update={"images": ("**",)})
    assert told(problems({"container.image": image}, everything)) == [("container.image", "pattern")]


def test_a_job_id_is_plain() -> None:
    """The id of a job goes bare into paths and options: whatever the manifest's name is, it holds nothing else."""
    from controller.api import JOB_ID
    from shared.manifest.naming import default_name
    from shared.names import Owner, job_id

    for path in ("a/B c.yaml", "$(x).yml", "-.json", "é" * 300 + ".yaml", "x" * 300 + ".yaml", "..yaml"):
        job: JobId = job_id(default_name(path), Owner("o"), "jobs", path, "0x1")
        assert JOB_ID.match(job)
