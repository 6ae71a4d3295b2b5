"""What an operator does on the running stack: a pool of his own, and a look at what is left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from azure.batch import models
from azure.core.exceptions import ResourceNotFoundError

from tests.e2e.conftest import Person

pytestmark = pytest.mark.stack
POOL = "shared"
SHARED = """
version: 1
container:
  image: "localhost/wordcount:1"
  command: [sh, -c, 'cat "$REFERENCE_DIR/mark/mark.txt" > "$OUTPUT_PATH"; echo $BATCHDROP_UNIT_START >> "$OUTPUT_PATH"']
input: {range: {stop: 3}}
split: {unitsPerTask: 1}
reference: [{name: mark, from: reference/mark.txt}]
merge: {by: lines}
compute: {pool: shared}
"""


@pytest.fixture
def pool(person: Person) -> Iterator[str]:
    """A pool that the operator made; the local policy lends it."""
    image = models.BatchVmImageReference(publisher="microsoft-dsvm", offer="ubuntu-hpc", sku="2204")
    machine = models.VirtualMachineConfiguration(
        image_reference=image,
        node_agent_sku_id="batch.node.ubuntu 22.04",
        container_configuration=models.BatchContainerConfiguration(type=models.ContainerType.DOCKER_COMPATIBLE),
    )
    person.batch.create_pool(
        models.BatchPoolCreateOptions(
            id=POOL,
            vm_size="Standard_D2s_v5",
            virtual_machine_configuration=machine,
            target_dedicated_nodes=1,
            task_slots_per_node=2,
        )
    )
    yield POOL
    person.batch._delete_pool_internal(POOL)


def test_a_job_runs_on_an_operators_pool_and_leaves_it_clean(person: Person, pool: str) -> None:
    """Its result is there, its reference data off the node, the pool as it was."""
    person.put("reference/mark.txt", "mark\n")
    person.drop("shared.yaml", SHARED)
    status = person.cleaned("shared.yaml")
    assert (status["state"], status["complete"]) == ("succeeded", True)
    assert person.read(status["links"]["result"]) == b"mark\n0\nmark\n1\nmark\n2\n"
    assert person.batch.get_pool(pool).state == "active"
    (node,) = person.batch.list_nodes(pool)
    files = [each.name for each in person.batch.list_node_files(pool, node.id, recursive=True)]
    assert not [name for name in files if name.startswith(f"shared/{status['jobId']}")]
    with pytest.raises(ResourceNotFoundError):
        person.batch.get_job(status["jobId"])


def test_an_operator_asks_what_the_reaper_would_delete(person: Person) -> None:
    """`python -m local.reaper` prints a table and deletes nothing; settings that are wrong are told."""
    environ = {**os.environ, **person.stack.settings}
    command = [sys.executable, "-m", "local.reaper"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].split() == ["kind", "id", "since", "(UTC)", "why"]
    assert done.stdout.splitlines()[-1].endswith("left alone; nothing was deleted")
    wrong = {**environ, "BATCHDROP_BATCH_ENDPOINT": "x"}
    done = subprocess.run(command, env=wrong, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
