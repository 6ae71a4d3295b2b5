"""The check that every other test here is held to: bodies against the SDK's own models."""

from typing import Any

import pytest

from local.batch_emulator.routes import BUILT
from tests.batch_emulator.doorway import Doorway
from tests.batch_emulator.exchanges import Exchange, operation_of
from tests.batch_emulator.ground import Ground
from tests.batch_emulator.sdk_models import answer_model, request_model


@pytest.fixture
def pool(ground: Ground, doorway: Doorway) -> dict[str, Any]:
    """A pool as it was answered."""
    ground.pool(metadata=[{"name": "a", "value": "b"}])
    ground.client.get_pool("p")
    return dict(doorway.exchanges[-1].answered)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"colour": "red"}, "BatchPool: colour is unknown"),
        ({"taskSlotsPerNode": "1"}, "BatchPool.taskSlotsPerNode: '1' is no int"),
        ({"taskSlotsPerNode": True}, "BatchPool.taskSlotsPerNode: True is no int"),
        ({"state": "blue"}, "BatchPool.state: 'blue' is no BatchPoolState"),
        ({"resizeTimeout": "soon"}, "BatchPool.resizeTimeout: "),
        ({"creationTime": "today"}, "BatchPool.creationTime: "),
        ({"metadata": {}}, "BatchPool.metadata: {} is no list"),
        ({"metadata": [{"name": "a", "value": "b", "x": 1}]}, "BatchPool.metadata[0]: x is unknown"),
        ({"metadata": [{"name": "a"}]}, "BatchPool.metadata[0]: value is missing"),
    ],
)
def test_a_wrong_answer_is_noticed(pool: dict[str, Any], body: dict[str, Any], said: str) -> None:
    """Unknown and missing names, types, words, times: each is told with its place."""
    assert list(Exchange("get_pool", None, 200, pool).answered_wrong()) == []
    found = list(Exchange("get_pool", None, 200, pool | body).answered_wrong())
    assert len(found) == 1
    assert found[0].startswith(said)


def test_a_wrong_request_is_noticed() -> None:
    """What the SDK only reads must not be sent; what it cannot do without must be."""
    job = {"id": "j", "poolInfo": {"poolId": "p"}}
    assert list(Exchange("create_job", job, 201, None).sent_wrong()) == []
    assert list(Exchange("create_job", {"id": "j"}, 201, None).sent_wrong()) == [
        "BatchJobCreateOptions: poolInfo is missing"
    ]
    task = {"constraints": {"maxTaskRetryCount": 1}, "state": "active"}
    assert list(Exchange("replace_task", task, 200, None).sent_wrong()) == ["BatchTask: state is read-only"]


def test_each_operation_has_its_models() -> None:
    """Those with bodies are held against something; the rest is known by name to have none."""
    bare = {route.name for route in BUILT if request_model(route.name) is None and answer_model(route.name) is None}
    files = ("delete_", "download_", "get_task_file", "get_node_file")
    assert {name for name in bare if not name.startswith(files)} == {
        "pool_exists",
        "disable_pool_auto_scale",
        "stop_pool_resize",
        "enable_job",
        "terminate_task",
        "reactivate_task",
        "enable_node_scheduling",
    }


def test_exchanges_are_recorded_by_operation(ground: Ground, doorway: Doorway) -> None:
    """Bodies as they were on the wire, refused requests included."""
    ground.pool()
    ground.job()
    seen = [(each.operation, each.status) for each in doorway.exchanges]
    assert seen == [("create_pool", 201), ("create_job", 201)]
    assert doorway.exchanges[1].sent["poolInfo"] == {"poolId": "p"}
    assert operation_of("GET", "/jobs/j/tasks/t/files/wd/a/b.txt") == "download_task_file"
    assert operation_of("GET", "/_admin/state") is None
