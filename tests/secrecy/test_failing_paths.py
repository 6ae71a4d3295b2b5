"""Where things go wrong most is told: and still no secret, though the services repeat what they were given."""

from __future__ import annotations

import json
import logging

import pytest

from local.batch_emulator.execution import Failure, Outcome
from local.batch_emulator.faults import RunFault
from tests.loop.ground import Container
from tests.secrecy.echoes import Echo, Trial, always, sent_secrets, source_of_copy, trial
from tests.secrecy.marks import key_of
from tests.secrecy.place import KEYS, everything_in, held_by
from tests.wired.services import BATCH, TOPIC, VAULT

TASK, REGISTRY = KEYS.others["task-password"], KEYS.others["registry-password"]
PASSWORD = ("GET", "^/secrets/task-password")
MODES = {"keys": False, "identity": True}
ECHOES = {
    "key vault, 500": Echo(VAULT, *PASSWORD, 500, "InternalServerError", always(TASK)),
    "key vault, 403": Echo(VAULT, *PASSWORD, 403, "Forbidden", always(TASK)),
    "key vault, 400 in plain": Echo(VAULT, *PASSWORD, 400, "", always(TASK), "plain"),
    "key vault, the registry's": Echo(
        VAULT, "GET", "^/secrets/registry-", 500, "InternalServerError", always(REGISTRY)
    ),
    "key vault, the topic's": Echo(VAULT, "GET", "^/secrets/topic-", 403, "Forbidden", always(KEYS.topic)),
    "the topic": Echo(TOPIC, "POST", "events", 401, "Unauthorized", always(KEYS.topic)),
    "batch, the job": Echo(BATCH, "POST", "^/jobs$", 400, "InvalidPropertyValue", sent_secrets, "batch"),
    "batch, the pool": Echo(BATCH, "POST", "^/pools$", 400, "InvalidPropertyValue", sent_secrets, "batch"),
    "batch, the tasks": Echo(BATCH, "POST", "addtask", 400, "InvalidPropertyValue", sent_secrets, "batch"),
    "arm, the pool": Echo(BATCH, "PUT", "/pools/", 400, "InvalidRequestBody", sent_secrets),
    "storage, a copy": Echo("work", "PUT", "-input/", 403, "CannotVerifyCopySource", source_of_copy, "xml"),
}
NOT_ASKED = {("batch, the pool", "identity"), ("arm, the pool", "keys")}
CASES = [(name, mode) for name in ECHOES for mode in MODES if (name, mode) not in NOT_ASKED]


def told_nothing(found: Trial, caplog: pytest.LogCaptureFixture) -> None:
    """Neither storage nor queues nor logs, tracebacks included, hold anything; nor do events."""
    services = found.place.services
    stored = [pair for store in (services.control, services.work) for pair in everything_in(store)]
    logged = [("log", caplog.text.encode()), ("records", repr([vars(each) for each in caplog.records]).encode())]
    events = [("events", json.dumps(services.inbox.events).encode())]
    assert len(stored) > 10
    assert {where: held_by(content) for where, content in (*stored, *logged, *events) if held_by(content)} == {}


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_what_a_service_repeats_is_not_told(name: str, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """Key Vault, topic, Batch, Resource Manager and storage put what they were given into their errors: no status, no
    record, no log repeats it."""
    found = trial(ECHOES[name], identity=MODES[mode])
    with caplog.at_level(logging.DEBUG):
        found.live()
    assert found.struck
    told_nothing(found, caplog)


def test_a_refused_secret_is_named_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    """SECRET_DENIED says which secret and which right, by the vault's codes alone."""
    found = trial(ECHOES["key vault, 403"], identity=True)
    with caplog.at_level(logging.DEBUG):
        found.live()
    failure = found.place.status()["failure"]
    assert failure["code"] == "SECRET_DENIED"
    assert "secret task-password" in failure["message"]
    assert "[Forbidden 403]" in failure["message"]
    assert "Key Vault Secrets User" in failure["message"]


@pytest.mark.parametrize("name", ["the topic", "key vault, the topic's"])
def test_a_topic_that_refuses_costs_no_job(name: str) -> None:
    """Its key is wrong or cannot be read: the job goes on by messages and ends well."""
    found = trial(ECHOES[name], identity=False)
    found.place.settle()
    assert found.struck
    assert found.place.status()["state"] == "succeeded"


URL = f"https://work.invalid/in?sv=2023-11-03&sig={key_of('mark of a signature')}&se=2027"
LOGIN = f"docker login -u puller -p {REGISTRY} localhost: unauthorized: authentication required"
RUNS = {
    "REGISTRY_AUTH": Failure("usererror", "ContainerInvalidRegistry", "It cannot be used", (("Message", LOGIN),)),
    "TASKS_FAILED": Failure("usererror", "BlobAccessDenied", "Access is denied", (("BlobSource", URL),)),
}


@pytest.mark.parametrize("code", RUNS)
@pytest.mark.parametrize("mode", MODES)
def test_what_nodes_say_is_told_without_secrets(code: str, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """Tasks that fail with a login, or with the signed address of a blob, in their errors: the job's failure names the
    cause, and neither the password nor the signature."""
    found = trial(None, identity=MODES[mode])
    faults = found.place.services.batch.world.faults
    faults.runs.append(RunFault("task", "*", "*", "*", 100, Outcome(None, RUNS[code])))
    with caplog.at_level(logging.DEBUG):
        found.place.settle()
    status = found.place.status()
    assert status["failure"]["code"] == code
    assert "***" in json.dumps([status["failure"], found.place.result(status["jobId"])])
    told_nothing(found, caplog)


def test_nodes_that_cannot_pull_tell_no_password(caplog: pytest.LogCaptureFixture) -> None:
    """The registry refuses the nodes themselves, before any task: REGISTRY_AUTH, in whatever words they give."""
    found = trial(None, identity=False, words={b"authentication required": json.dumps(LOGIN)[1:-1].encode()})
    found.place.services.batch.world.faults.closed_registries.add("localhost")
    with caplog.at_level(logging.DEBUG):
        found.place.settle()
    failure = found.place.status()["failure"]
    assert (failure["code"], "docker login -u puller -p ***" in failure["message"]) == ("REGISTRY_AUTH", True)
    told_nothing(found, caplog)


def test_a_task_that_prints_its_secret_tells_its_own_readers_alone(caplog: pytest.LogCaptureFixture) -> None:
    """What a task wrote is kept as it wrote it, below logs/; the status and result.json have it struck out."""

    def talks(container: Container) -> int:
        container.stderr = f"cannot sign in with {TASK}, nor by {URL}"
        return 1 if "BATCHDROP_TASK_ID" in container.env else 0

    found = trial(None, identity=False, program=talks)
    with caplog.at_level(logging.DEBUG):
        found.place.settle()
    status = found.place.status()
    assert status["failure"]["evidence"]["stderr"].startswith("cannot sign in with ***, nor by https://")
    stored = everything_in(found.place.services.work)
    held = {name for name, content in stored if "/" in name and held_by(content)}
    assert held
    assert all(name.startswith(f"results/{status['jobId']}/logs/") for name in held), held
    assert held_by(caplog.text.encode()) == []
    assert held_by(json.dumps(status).encode()) == []


MANIFESTS = {
    "a signature": f"input: {{blob: '{URL}'}}",
    "an account key": f"container: {{image: localhost/app:1, environment: {{K: 'AccountKey={KEYS.work}'}}}}",
    "a password in an address": "input: {blob: 'https://someone:mark-of-a-password@host.invalid/x'}",
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_with_a_key_is_refused_and_not_repeated(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """In identity mode as by keys: only the dropped blob holds it."""
    found = trial(None, identity=True)
    with caplog.at_level(logging.DEBUG):
        found.place.drop(f"version: 1\n{MANIFESTS[name]}\n", "leaky.yaml")
        found.live(2)
    status = found.place.status("leaky.yaml")
    assert (status["state"], "secret" in {each["rule"] for each in status["problems"]}) == ("rejected", True)
    for store in (found.place.services.control, found.place.services.work):
        for where, content in everything_in(store):
            leaks = [*held_by(content), *(["password"] if b"mark-of-a-password" in content else [])]
            assert not leaks or where in ("jobs", "jobs/leaky.yaml"), where
    assert held_by(caplog.text.encode()) == []
    assert "mark-of-a-password" not in caplog.text
