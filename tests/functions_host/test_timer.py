"""Timer functions: schedule, status, lock and retries."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.functions_host.ground import Ground, wait_for

pytestmark = pytest.mark.stack
_HOURLY = "0 0 * * * *"


def _write_status(ground: Ground, last: datetime, following: datetime) -> None:
    path = f"timers/{ground.prefix}/Host.Functions.tick/status"
    # With the seventh digit that only .NET writes.
    times = {"Last": last, "Next": following, "LastUpdated": last}
    status = {name: time.strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00") for name, time in times.items()}
    container = ground.blobs.get_container_client("azure-webjobs-hosts")
    if not container.exists():
        container.create_container()
    container.upload_blob(path, json.dumps(status), overwrite=True)


def _read_status(ground: Ground) -> dict[str, str]:
    path = f"timers/{ground.prefix}/Host.Functions.tick/status"
    status: dict[str, str] = json.loads(
        ground.blobs.get_blob_client("azure-webjobs-hosts", path).download_blob().readall()
    )
    return status


def _this_hour() -> datetime:
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def test_a_timer_fires_on_its_seconds(ground: Ground) -> None:
    """Six fields, seconds first; more than once a minute there is no status and nothing is past due."""
    ground.start(settings={"TICK": "*/1 * * * * *"})
    wait_for(lambda: len(ground.seen("tick")) >= 2)
    assert ground.seen("tick")[0] == {"past_due": False, "status": {}}


def test_what_was_missed_runs_once_at_the_start(ground: Ground) -> None:
    """However many occurrences were missed: one run, marked as past due, and the status says when the next is."""
    _write_status(ground, _this_hour() - timedelta(hours=5), _this_hour() - timedelta(hours=4))
    ground.start(settings={"TICK": _HOURLY})
    runs = wait_for(lambda: ground.seen("tick"))
    assert [run["past_due"] for run in runs] == [True]
    status = wait_for(lambda: _read_status(ground))
    wait_for(lambda: datetime.fromisoformat(_read_status(ground)["Next"]) > datetime.now(UTC))
    assert set(status) == {"Last", "Next", "LastUpdated"}


def test_an_edited_schedule_is_not_past_due(ground: Ground) -> None:
    """A next occurrence that the new schedule would not have given is worked out again, from now."""
    _write_status(ground, _this_hour() - timedelta(hours=5), _this_hour() - timedelta(hours=4, minutes=30))
    ground.start(settings={"TICK": _HOURLY})
    wait_for(lambda: datetime.fromisoformat(_read_status(ground)["Next"]) > datetime.now(UTC))
    assert ground.seen("tick") == []


def test_a_failed_timer_is_tried_again_by_its_policy(ground: Ground) -> None:
    """`runOnStartup` fires at the start, `@app.retry` repeats it twice."""
    ground.start(settings={"AzureWebJobs.stubborn.Disabled": ""})
    wait_for(lambda: len(ground.seen("stubborn")) == 3)
    assert [run["retry"] for run in ground.seen("stubborn")] == [0, 1, 2]


def test_two_hosts_share_one_timer(ground: Ground) -> None:
    """Only the holder of the lease fires; when it stops the other goes on, within a quarter of the lease."""
    settings = {"TICK": "*/1 * * * * *"}
    first = ground.start("--lease-seconds", "15", settings=settings)
    wait_for(lambda: ground.seen("tick"))
    second = ground.start("--lease-seconds", "15", settings=settings)
    assert "Executing Functions.tick" not in second.program.printed()
    count = len(ground.seen("tick"))
    first.program.stop()
    assert first.program.printed().count("Executing Functions.tick") >= count
    wait_for(lambda: "Executing Functions.tick" in second.program.printed())
