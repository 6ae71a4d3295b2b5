"""Every file of a running stack, searched for its keys after a whole job."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from local.access_tokens import AccessToken
from tests.e2e.conftest import Person, _environment
from tests.secrecy.marks import holds

pytestmark = pytest.mark.stack
SECRET = "known-to-everybody"
JOB = """
version: 1
name: secrecy
container:
  image: "localhost/wordcount:1"
  command: [sh, -c, 'test "$PASSWORD" -a "$BATCHDROP_TASK_INDEX" != 1 && wc -l < "$INPUT_PATH" > "$OUTPUT_PATH"']
  secrets: {PASSWORD: task-heavylift-sql}
input: {blob: data/secrecy.txt}
split: {by: lines, tasks: 3}
limits: {maxTaskRetryCount: 0}
failure: {tolerated: "50%"}
retention: {otherwise: PT0S}
"""


def vault_answers(person: Person, name: str) -> str:
    """A secret, asked for as the controller does."""
    vault = person.stack.endpoints.vault
    now = int(time.time())
    token = AccessToken(vault.replace("127.", "", 1), now - 10, now + 3600).encode()
    address = f"{vault}/secrets/{name}?api-version=7.4"
    trusted = person.stack.settings["REQUESTS_CA_BUNDLE"]
    answer = requests.get(address, headers={"Authorization": f"Bearer {token}"}, verify=trusted, timeout=30)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["value"])


def files_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below the stack's folder, by its path; what is gone by the time it is read is left out."""
    for path in sorted(root.rglob("*")):
        try:
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(root)), path.read_bytes()
        except FileNotFoundError:
            continue


def test_a_stack_holds_its_secrets_only_where_batch_needs_them(person: Person) -> None:
    """Blobs, queues, logs of every service, folders of the nodes: no key is in any of them, nor a task's secret, nor a
    signature; only the file that gives the keys to a shell, which only its owner may read, holds them."""
    person.put("data/secrecy.txt", b"line\n" * 3000)
    person.drop("secrecy.yaml", JOB)
    status = person.cleaned("secrecy.yaml")
    assert (status["state"], status["tasks"]["failed"]) == ("succeeded", 1), status["failure"]
    environment = _environment(person.stack)
    secrets = {
        "batch key": environment["AZURE_BATCH_ACCESS_KEY"],
        "topic key": vault_answers(person, "topic-key"),
        "identity header": environment["IDENTITY_HEADER"],
        "task secret": SECRET,
    }
    assert vault_answers(person, "batch-key") == secrets["batch key"]
    own = person.stack.layout.environment
    assert own.stat().st_mode & 0o077 == 0
    found: dict[str, set[str]] = {}
    searched: set[str] = set()
    for name, content in files_of(person.stack.layout.root):
        searched |= {name.split("/")[0]} if holds(content, status["jobId"]) else set()
        held = {secret for secret, value in secrets.items() if holds(content, value)}
        held |= {"signature"} if re.search(rb"(?i)[?&]sig(=|%3d)[A-Za-z0-9%/+]{20,}", content) else set()
        if held:
            found[name] = held
    assert {"azurite", "logs", "batch"} & searched >= {"azurite", "logs"}
    assert found == {own.name: {"batch key", "identity header"}}
