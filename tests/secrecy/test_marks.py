"""Every key of a deployment can be told, and a whole job shows where each of them goes."""

from __future__ import annotations

import json
import logging
import re
from datetime import timedelta
from typing import Any

import pytest

from shared.names import STATE
from tests.contract.batch_ground import ACCOUNT
from tests.loop.ground import POLICY
from tests.manifest.test_reach import strings
from tests.secrecy.job import MANIFEST, fails_once, prepared
from tests.secrecy.marks import holds, key_of, spellings
from tests.secrecy.memory import texts
from tests.secrecy.place import KEYS, MARKS, SIGNATURE, TOKEN, Record, Recorded, everything_in, held_by, marked_place
from tests.wired.place import Place
from tests.wired.services import Keys

ALLOWED = {
    "control key": set[str](),
    "work key": {"vault GET /secrets/storage-key/ answer"},
    "batch key": {"vault GET /secrets/batch-key/ answer"},
    "topic key": {
        "vault GET /secrets/topic-key/ answer",
        "topic POST /topics/batchdrop/api/events header aeg-sas-key",
    },
    "task secret": {"vault GET /secrets/task-password/ answer", "batch POST /jobs body"},
    "registry password": {"vault GET /secrets/registry-password/ answer", "batch POST /pools body"},
}
"""Read from the Key Vault; sent to Batch, and to the topic whose key it is. Keys that sign are never sent at all."""
SIGNED = {
    "batch POST /jobs body",
    "batch POST /jobs/*/addtaskcollection body",
    "work blob PUT /*/*/input.txt header x-ms-copy-source",
}
"""Signatures: what nodes read and write by, and what storage itself reads a source by."""
POOL = f"batch PUT /subscriptions/{ACCOUNT.subscription}/resourceGroups/{ACCOUNT.group}/providers/Microsoft.Batch"
BY_IDENTITY = ALLOWED | {
    "work key": set[str](),
    "batch key": set[str](),
    "registry password": {
        "vault GET /secrets/registry-password/ answer",
        f"{POOL}/batchAccounts/{ACCOUNT.name}/pools/* body",
    },
}
"""The keys of Batch and of the work account are not even read."""
SIGNED_BY_IDENTITY = {"work blob PUT /*/*/input.txt header x-ms-copy-source"}
"""By the key in the store's own connection string, which no deployment by identity has; nodes get no signature."""


def remembered(place: Place) -> dict[str, list[str]]:
    """Where the emulator of Batch holds what, its own key aside."""
    account = place.services.batch.world.account
    found = texts(account, "account", set())
    return {path.removeprefix("account."): held_by(content) for path, content in found if held_by(content)}


def test_a_mark_is_found_however_it_is_written() -> None:
    """The search is no good if it cannot find: plain, percent-encoded, hex, base64 at any offset, unpacked."""
    import base64
    from urllib.parse import quote

    secret = KEYS.others["task-password"]
    for content in (secret, quote(secret, safe=""), secret.encode().hex(), json.dumps(secret)):
        assert holds(f"a{content}b".encode(), secret)
    for before in ("", "a", "ab", "abc"):
        assert holds(base64.b64encode(f"{before}{secret} more".encode()), secret)
    assert holds(base64.b64decode(KEYS.batch), KEYS.batch)
    assert not holds(b"nothing of it", secret)
    assert min(len(spelling) for each in MARKS.values() for spelling in spellings(each)) > 10


@pytest.mark.parametrize(
    ("identity", "allowed", "signed"), [(False, ALLOWED, SIGNED), (True, BY_IDENTITY, SIGNED_BY_IDENTITY)]
)
def test_marked_secrets_are_only_where_batch_needs_them(
    identity: bool, allowed: dict[str, set[str]], signed: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A whole job, one task of which fails, by keys and by identity: all that was sent, answered, stored and logged,
    and what Batch remembers of it, searched for every key."""
    place, record = marked_place(fails_once, identity=identity)
    with caplog.at_level(logging.DEBUG):
        prepared(place)
        place.settle()
    assert (place.status()["state"], place.status()["tasks"]["failed"]) == ("succeeded", 1)
    assert {name: record.where(secret) for name, secret in MARKS.items()} == allowed
    assert set(record.matching(SIGNATURE)) == signed
    assert record.matching(TOKEN) == {}
    assert any(re.search(TOKEN, (each.sent.header("Authorization") or "").encode()) for each in record.exchanges)
    told = caplog.text.encode() + repr([vars(each) for each in caplog.records]).encode()
    stored = [content for store in (place.services.control, place.services.work) for _, content in everything_in(store)]
    assert len(stored) >= 20
    assert [held_by(content) for content in (told, *stored) if held_by(content)] == []
    assert remembered(place) == {}


REMEMBERED = {
    "pools.*.spec.virtualMachineConfiguration.containerConfiguration.containerRegistries.*.password": (
        "registry password"
    ),
    "jobs.*.spec.commonEnvironmentSettings.*.value": "task secret",
}
SIGNED_THERE = {
    "jobs.*.spec.jobPreparationTask.resourceFiles.*.httpUrl": "signature",
    "jobs.*.tasks.*.spec.resourceFiles.*.httpUrl": "signature",
    "jobs.*.tasks.*.spec.outputFiles.*.destination.container.containerUrl": "signature",
}


@pytest.mark.parametrize(("identity", "wanted"), [(False, REMEMBERED | SIGNED_THERE), (True, REMEMBERED)])
def test_batch_remembers_secrets_in_two_fields(identity: bool, wanted: dict[str, str]) -> None:
    """While the job runs: the registry's password in the pool, the task's secret in the job, and by keys signatures;
    by identity nothing besides."""
    place, _ = marked_place(fails_once, identity=identity)
    prepared(place)
    place.deliver()
    for _ in range(3):
        place.tick()
        place.deliver()
    assert remembered(place) == {path: [name] for path, name in wanted.items()}


SPOTS = {
    "batch POST /jobs body.commonEnvironmentSettings[*].value": "task secret",
    "batch POST /pools body.virtualMachineConfiguration.containerConfiguration.containerRegistries[*].password": (
        "registry password"
    ),
    "batch POST /jobs body.jobPreparationTask.resourceFiles[*].httpUrl": "signature",
    "batch POST /jobs/*/addtaskcollection body.value[*].resourceFiles[*].httpUrl": "signature",
    "batch POST /jobs/*/addtaskcollection body.value[*].outputFiles[*].destination.container.containerUrl": "signature",
}


def test_the_fields_that_hold_them_are_these() -> None:
    """Not just the request: the one field of it. Batch keeps these fields to itself and to the node."""
    place, record = marked_place(fails_once)
    prepared(place)
    place.settle()
    found = {}
    for each in record.exchanges:
        if each.service != "batch" or not each.sent.body:
            continue
        for path, text in strings(json.loads(each.sent.body), f"{each.place} body"):
            kinds = [name for name, secret in MARKS.items() if holds(text.encode(), secret)]
            kinds += ["signature"] if re.search(SIGNATURE, text.encode()) else []
            found |= {path: " and ".join(kinds)} if kinds else {}
    assert found == SPOTS


def test_a_refused_key_is_told_without_it(caplog: pytest.LogCaptureFixture) -> None:
    """The vault holds a wrong key of the Batch account: what the operator reads of it does not hold it."""
    record = Record()
    wrong = key_of("mark of a wrong key")
    services = Recorded(fails_once, Keys(control=KEYS.control, work=KEYS.work, batch=KEYS.batch, others=KEYS.others))
    place = Place(fails_once, record, services)
    vault = services.keys_in_vault
    vault.set("batch-key", wrong)
    with caplog.at_level(logging.DEBUG):
        prepared(place)
        for _ in range(4):
            place.round()
    assert "AuthenticationFailed" in caplog.text
    assert record.where(wrong) == {"vault GET /secrets/batch-key/ answer"}
    assert not holds(caplog.text.encode(), wrong)
    assert not holds(json.dumps(place.status()).encode(), wrong)


def test_a_task_asks_for_no_token() -> None:
    """Of the node's agent a task gets nothing beyond what is listed here: no token for Batch, no identity."""
    place, record = marked_place(fails_once)
    prepared(place)
    place.deliver()
    for _ in range(10):
        place.tick()
        place.deliver()
    tasks: list[dict[str, Any]] = [
        task
        for each in record.exchanges
        if each.place == "batch POST /jobs/*/addtaskcollection"
        for task in json.loads(each.sent.body)["value"]
    ]
    assert len(tasks) == 3
    for task in tasks:
        assert set(task) == {
            "id",
            "commandLine",
            "containerSettings",
            "environmentSettings",
            "resourceFiles",
            "outputFiles",
            "constraints",
            "userIdentity",
        }
        assert "identityReference" not in json.dumps(task)


def test_the_registrys_password_is_no_tasks_secret() -> None:
    """The policy lists it by mistake; the wired controller refuses it all the same."""
    place, record = marked_place(fails_once)
    policy = POLICY.replace(b"[task-password]", b"[task-password, Registry-Password, storage-key]")
    place.control.put(STATE, "policy.yaml", policy)
    place.clock.advance(timedelta(minutes=1))
    for name in ("Registry-Password", "storage-key"):
        place.drop(MANIFEST.replace("task-password", name), f"{name}.yaml")
        place.deliver()
        (problem,) = place.status(f"{name}.yaml")["problems"]
        assert problem["rule"] == "reservedSecret"
    assert not any(record.where(secret) for secret in MARKS.values())
