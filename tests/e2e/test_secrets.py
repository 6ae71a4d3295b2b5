"""Every file of a running stack, searched for its keys after a whole job."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Person
from tests.e2e.secrets import files_that_hold, run_with_secrets, vault_answers

pytestmark = pytest.mark.stack


def test_a_stack_holds_its_secrets_only_where_batch_needs_them(person: Person) -> None:
    """Blobs, queues, logs of every service, folders of the nodes: no key is in any of them, nor a task's secret, nor a
    signature; only the file that gives the keys to a shell, which only its owner may read, holds them."""
    status = run_with_secrets(person)
    assert vault_answers(person, "batch-key") == person.told["AZURE_BATCH_ACCESS_KEY"]
    own = person.stack.layout.environment
    assert own.stat().st_mode & 0o077 == 0
    found, searched = files_that_hold(person, status["jobId"])
    assert searched >= {"azurite", "logs"}
    assert found == {own.name: {"batch key", "identity header"}}
