"""A whole job on the wire: what the controller sends, against the SDK's models and the official description."""

from datetime import timedelta
from typing import Any

import pytest

from local.batch_emulator.routes import ROUTES
from tests.batch_emulator.doorway import Doorway
from tests.batch_emulator.exchanges import Exchange
from tests.batch_emulator.wire_contract import OFFICIAL, Schemas, read
from tests.emulated.fixtures import doorway, ground
from tests.emulated.ground import EmulatedGround

__all__ = ["doorway", "ground"]

JOB: dict[str, Any] = {
    "version": 1,
    "name": "wire",
    "labels": {"team": "a"},
    "container": {"image": "localhost/demo:1", "args": ["$(INPUT_PATH)"], "environment": {"MODE": "x"}},
    "config": {"a": 1},
    "reference": [{"name": "model", "from": "data/model/"}],
    "input": {"items": [1, 2, 3]},
    "compute": {"maxNodes": 2, "taskSlotsPerNode": 2},
    "canary": True,
    "logs": "all",
}
SENT = {"create_pool", "create_job", "create_task_collection"}


@pytest.fixture
def exchanges(ground: EmulatedGround, doorway: Doorway) -> list[Exchange]:
    """All of a job with a canary and reference data, from drop to clean-up."""
    ground.put("data/model/weights.bin", "w")
    ground.drop_mapping(JOB)
    ground.poll_until(lambda: bool(ground.status()["times"]["cleaned"]), timedelta(hours=2))
    assert ground.status()["state"] == "succeeded", ground.status()
    return list(doorway.exchanges)


def test_requests_and_answers_are_those_of_the_sdks_models(exchanges: list[Exchange]) -> None:
    """Pool, job and tasks as they are sent; all that is read to watch, judge and clean up."""
    assert {each.operation for each in exchanges if each.sent is not None} > SENT
    assert {fault for each in exchanges for fault in (*each.sent_wrong(), *each.answered_wrong())} == set()


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="the description of the API is not beside the checkout")
def test_requests_and_answers_are_those_of_the_official_description(exchanges: list[Exchange]) -> None:
    """Each body against the swagger's schema of its operation."""
    swagger = read(OFFICIAL / "BatchService.json")
    schemas, seen = Schemas(swagger), set()
    for each in exchanges:
        route = next(route for route in ROUTES if route.name == each.operation)
        operation = swagger["paths"][route.path][route.method.lower()]
        body = next((one["schema"] for one in operation["parameters"] if one.get("in") == "body"), None)
        if each.sent is not None and body is not None:
            seen.add(each.operation)
            assert schemas.faults(body, each.sent, each.operation) == []
        answer = operation["responses"].get(str(each.status), {}).get("schema")
        if answer and answer.get("type") != "file" and each.answered is not None and not each.selected:
            assert schemas.faults(answer, each.answered, each.operation) == []
    assert seen >= SENT
