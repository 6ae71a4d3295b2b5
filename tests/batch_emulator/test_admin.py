"""The admin API: time, faults, and things that happen behind a user's back."""

from datetime import timedelta

import pytest
import requests
from azure.batch import models
from azure.core.exceptions import HttpResponseError

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.server import EmulatorServer
from tests.batch_emulator.ground import Ground, Programs, refusal


def test_time_can_be_moved(ground: Ground) -> None:
    """Advancing the clock lets everything happen that is due on the way."""
    ground.pool(nodes=0)
    ground.client._resize_pool_internal("p", models.BatchPoolResizeOptions(target_dedicated_nodes=1))
    before = ground.emulator.world.now()
    ground.admin("POST", "/clock", {"advance": 60})
    assert ground.emulator.world.now() - before == timedelta(minutes=1)
    assert ground.nodes()[0].state == "idle"


def test_calls_can_be_made_to_fail(ground: Ground) -> None:
    """The next calls of one operation fail with the wanted status; the others, and the ones after, do not."""
    fault = {"operation": "create_job", "times": 2, "status": 503, "code": "ServerBusy", "retryAfter": 7}
    ground.admin("POST", "/faults", fault)
    assert refusal(ground.job) == "ServerBusy"
    with pytest.raises(HttpResponseError) as refused:
        ground.job()
    assert refused.value.status_code == 503
    assert refused.value.response.headers["Retry-After"] == "7"
    ground.job()
    ground.task()


def test_an_answer_can_be_lost(ground: Ground) -> None:
    """With `after`, the call is carried out and then fails, as when an answer is lost on its way."""
    ground.admin("POST", "/faults", {"operation": "create_job", "after": True})
    assert refusal(ground.job) == "InternalError"
    assert refusal(ground.job) == "JobExists"


def test_faults_can_be_cleared(ground: Ground) -> None:
    """DELETE forgets all injected faults."""
    ground.admin("POST", "/faults", {"operation": "*", "times": 1000})
    ground.admin("DELETE", "/faults")
    ground.job()


def test_counts_can_lag(ground: Ground) -> None:
    """Task counts are shown as they stood some seconds ago, lists as they are."""
    ground.pool()
    ground.job()
    ground.admin("POST", "/taskcounts", {"lagSeconds": 10})
    ground.advance(1)
    ground.task()
    ground.advance(5)
    assert ground.fate().state == "completed"
    assert ground.client.get_job_task_counts("j").task_counts.completed == 0
    ground.advance(11)
    assert ground.client.get_job_task_counts("j").task_counts.completed == 1


def test_things_can_vanish(ground: Ground) -> None:
    """A job or pool deleted by somebody else is gone at once, with all that ran."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(1)
    ground.admin("DELETE", "/pools/p")
    assert refusal(ground.client.get_pool, "p") == "PoolNotFound"
    assert ground.fate().state == "active"
    assert ground.execution.running == []
    ground.admin("DELETE", "/jobs/j")
    assert refusal(ground.client.get_job, "j") == "JobNotFound"
    ground.advance(5)


def test_the_state_can_be_seen(ground: Ground) -> None:
    """The dump names clock, pools, nodes, jobs and faults."""
    ground.pool()
    ground.job()
    ground.task()
    state = ground.admin("GET", "/state")
    assert state["runner"] == "callables"
    assert state["pools"][0]["nodes"][0]["state"] == "idle"
    assert state["jobs"][0]["tasks"] == {"active": 1}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/clock", {"advance": -1}, 400),
        ("POST", "/clock", {}, 400),
        ("POST", "/faults", {"operation": "x", "colour": 1}, 400),
        ("POST", "/quota", {"pools": "many"}, 400),
        ("GET", "/nothing", None, 400),
        ("DELETE", "/jobs/none", None, 404),
        ("POST", "/nodes/none/none/lose", None, 404),
    ],
)
def test_admin_requests_are_checked(ground: Ground, method: str, path: str, body: object, status: int) -> None:
    """The admin API refuses what it does not know."""
    assert requests.request(method, f"{ground.url}/_admin{path}", json=body, timeout=10).status_code == status


def test_the_admin_api_is_off_unless_asked_for() -> None:
    """Without it, its addresses are refused like any other unsigned request."""
    emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, CallableExecution(Programs()), DrivenClock(), admin=False)
    with EmulatorServer(emulator) as server:
        assert requests.get(f"{server.url}/_admin/state", timeout=10).status_code == 403
