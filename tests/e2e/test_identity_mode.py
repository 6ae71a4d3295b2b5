"""Identity mode on a stack of its own: nodes bear an identity, and nobody holds a key or a signature for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from local.azurite import KEY
from local.stack.settings import NODE_IDENTITY
from local.stack.stack import Stack
from tests.e2e.conftest import Person
from tests.e2e.secrets import files_that_hold, run_with_secrets, vault_answers

pytestmark = pytest.mark.stack
TASKS = 4
MANIFEST = """
version: 1
container:
  image: "localhost/wordcount:1"
  command: [sh, -c, 'sleep "$FIRST"; cat "$REFERENCE_DIR/mark/mark.txt" "$INPUT_PATH" > "$OUTPUT_PATH"']
  environment: {FIRST: "0"}
config: {level: 1}
input: {blob: data/lines.txt}
reference: [{name: mark, from: reference/mark.txt}]
split: {by: lines, tasks: 4}
merge: {by: lines, to: data/joined.txt}
"""
MOUNTED = MANIFEST.replace("joined", "mounted") + "compute: {staging: mount}\n"


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    with Stack(tmp_path_factory.mktemp("identity"), mode="identity") as running:
        yield Person(running)


def secrets_of(person: Person) -> list[str]:
    """What gives a holder access to Batch or to storage."""
    return [KEY, person.told["AZURE_BATCH_ACCESS_KEY"], "sig=", "AccountKey", "sasKey", "accountKey", "password"]


def in_batch(person: Person, job: str) -> str:
    """All that was asked of Batch for a job, as anyone with access to the account can read it."""
    things = [person.batch.get_pool(job), person.batch.get_job(job), *person.batch.list_tasks(job)]
    return json.dumps([thing.as_dict() for thing in things])


def what_batch_is_asked(person: Person) -> str:
    """The same jobs again, looked at while their tasks wait, then cancelled."""
    jobs = []
    for path, manifest in (("waits.yaml", MANIFEST), ("waits-mounted.yaml", MOUNTED)):
        person.drop(path, manifest.replace('"0"', '"60"').replace("to: data/", "to: data/never-"))
    for path in ("waits.yaml", "waits-mounted.yaml"):
        job = str(person.wait(path, lambda status: bool(status["jobId"]) and status["tasks"]["running"] > 0)["jobId"])
        jobs.append(in_batch(person, job))
        policy = person.storage.get_container_client(f"{job}-input").get_container_access_policy()
        assert policy["signed_identifiers"] == []
        person.put(f"jobs/{path}.cancel", "")
    for path in ("waits.yaml", "waits-mounted.yaml"):
        person.final(path)
    return "".join(jobs)


def in_storage(person: Person) -> Iterator[tuple[str, str]]:
    """Every blob there is, by its path."""
    for container in person.storage.list_containers():
        for blob in person.storage.get_container_client(container.name).list_blobs():
            path = f"{container.name}/{blob.name}"
            yield path, person.read(path).decode(errors="replace")


def test_a_job_runs_without_any_key_or_signature(person: Person) -> None:
    """Input, config, reference data and outputs come by the nodes' identity, also through mounts; no key is written."""
    lines = "".join(f"{n:04d}\n" for n in range(200))
    person.put("data/lines.txt", lines)
    person.put("reference/mark.txt", "mark\n")
    person.drop("identity.yaml", MANIFEST)
    person.drop("mounted.yaml", MOUNTED)
    asked = what_batch_is_asked(person)
    for name, result in (("identity.yaml", "data/joined.txt"), ("mounted.yaml", "data/mounted.txt")):
        status = person.cleaned(name)
        assert (status["state"], status["units"]["failed"]) == ("succeeded", 0)
        joined = person.read(result).decode()
        assert joined.replace("mark\n", "") == lines
        assert joined.count("mark\n") == TASKS
        assert person.left(status["jobId"]) == []

    assert asked.count(NODE_IDENTITY) > 3 * TASKS
    assert asked.count("azureBlobFileSystemConfiguration") == 2
    logs = [person.stack.layout.log(name) for name in ("host", "batch")]
    for where, text in [("Batch", asked), *in_storage(person), *((path.name, path.read_text()) for path in logs)]:
        assert [secret for secret in secrets_of(person) if secret in text] == [], where


def test_no_file_of_a_stack_by_identity_holds_a_secret(person: Person) -> None:
    """After a whole job that was given a secret, one task of which failed: neither storage nor logs nor
    the nodes' folders hold it, nor any key, nor a signature; the Key Vault has no key that opens Batch or storage."""
    status = run_with_secrets(person)
    own = person.stack.layout.environment
    found, searched = files_that_hold(person, status["jobId"])
    assert searched >= {"azurite", "logs"}
    assert found == {own.name: {"batch key", "identity header"}}
    for name in ("batch-key", "storage-key"):
        with pytest.raises(AssertionError, match="SecretNotFound"):
            vault_answers(person, name)


def test_the_doctor_reads_settings_and_account(person: Person) -> None:
    """`python -m local.doctor` names the mode, the image that jobs get and each VM size, and what deserves a look."""
    environ = {**os.environ, **person.stack.settings}
    command = [sys.executable, "-m", "local.doctor"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "ok    settings: identity mode"
    assert any(line.startswith("look  one storage account") for line in lines)
    assert any("image microsoft-dsvm:ubuntu-hpc:" in line for line in lines)
    assert any(line.startswith("ok    quota of spot cores: ") for line in lines)
    assert any(line.startswith("ok    VM size Standard_D2s_v5") for line in lines)
    wrong = subprocess.run(
        command, env={**environ, "BATCHDROP_ARM_ENDPOINT": "x"}, capture_output=True, text=True, check=False, timeout=60
    )
    assert wrong.returncode == 2
    assert "BATCHDROP_ARM_ENDPOINT must be an address" in wrong.stderr
