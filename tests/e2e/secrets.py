"""A whole job with secrets on a running stack, and a search for them through every file of the stack."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from local.access_tokens import AccessToken
from tests.e2e.conftest import Person, Status
from tests.secrecy.marks import holds

TASK_SECRET = "known-to-everybody"
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
SIGNATURE = rb"(?i)[?&]sig(=|%3d)[A-Za-z0-9%/+]{20,}"


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


def secrets_of(person: Person) -> dict[str, str]:
    """By what they are; what everybody knows, Azurite's key, aside."""
    return {
        "batch key": person.told["AZURE_BATCH_ACCESS_KEY"],
        "topic key": vault_answers(person, "topic-key"),
        "identity header": person.told["IDENTITY_HEADER"],
        "task secret": TASK_SECRET,
    }


def run_with_secrets(person: Person) -> Status:
    """A job of three tasks that all get the secret; one fails. Its final status, when all it made is gone."""
    person.put("data/secrecy.txt", b"line\n" * 3000)
    person.drop("secrecy.yaml", JOB)
    status = person.cleaned("secrecy.yaml")
    assert (status["state"], status["tasks"]["failed"]) == ("succeeded", 1), status["failure"]
    return status


def files_that_hold(person: Person, job: str) -> tuple[dict[str, set[str]], set[str]]:
    """Files by their paths below the stack's folder, with what is secret in them; and the folders, and files beside
    them, that hold the job's id: those that were really searched."""
    secrets = secrets_of(person)
    found: dict[str, set[str]] = {}
    searched: set[str] = set()
    for name, content in _files_of(person.stack.layout.root):
        searched |= {name.split("/")[0]} if holds(content, job) else set()
        held = {secret for secret, value in secrets.items() if holds(content, value)}
        held |= {"signature"} if re.search(SIGNATURE, content) else set()
        if held:
            found[name] = held
    return found, searched


def _files_of(root: Path) -> Iterator[tuple[str, bytes]]:
    """What is gone by the time it is read is left out."""
    for path in sorted(root.rglob("*")):
        try:
            if path.is_file() and not path.is_symlink():
                yield str(path.relative_to(root)), path.read_bytes()
        except FileNotFoundError:
            continue
