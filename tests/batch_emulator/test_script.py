"""Scripts and deeds: what goes wrong by arrangement, and how a client sees it."""

from dataclasses import replace

import pytest
from azure.batch import models
from azure.core.exceptions import HttpResponseError

from local.batch_emulator.failures import BatchError
from local.batch_emulator.script import read_script
from tests.batch_emulator.ground import CONTAINERS, MACHINE, Ground, refusal

SPOT = {"targetDedicatedNodes": 0, "targetLowPriorityNodes": 3}
MOUNT = {
    "azureBlobFileSystemConfiguration": {
        "accountName": "a",
        "containerName": "c",
        "relativeMountPath": "data",
        "accountKey": "a2V5",
    }
}


def follow(ground: Ground, script: str) -> None:
    """Follow a script from now on."""
    ground.emulator.script.add(read_script(script), ground.emulator.world.now())


def deed(ground: Ground, name: str, **body: object) -> None:
    """Do one deed by the admin API."""
    ground.admin("POST", "/deeds", {"do": name, **body})


def test_nodes_are_preempted_at_a_time_and_come_back(ground: Ground) -> None:
    """Two of three Spot nodes go 60 s after the start, and are back under their ids 120 s later."""
    follow(ground, "- {do: preempt, at: 60, pool: 'p*', nodes: 2, backAfter: 120}")
    ground.pool(**SPOT)
    before = {node.id for node in ground.nodes()}
    ground.advance(50)
    assert {node.state for node in ground.nodes()} == {"idle"}
    ground.advance(10)
    assert sorted(node.state for node in ground.nodes()) == ["idle", "preempted", "preempted"]
    ground.advance(130)
    assert {(node.id, node.state) for node in ground.nodes()} == {(node, "idle") for node in before}


def test_the_nth_call_is_refused(ground: Ground) -> None:
    """The third and fourth creation of a job are throttled, one without and one with Retry-After."""
    follow(
        ground,
        """
        - {do: refuse, call: create_job, number: 3, status: 429, code: TooManyRequests}
        - {do: refuse, call: create_job, number: 4, status: 503, code: ServerBusy, retryAfter: 7}
        """,
    )
    for name in ("a", "b"):
        ground.job(name)
    headers = []
    for name in ("c", "d"):
        with pytest.raises(HttpResponseError) as refused:
            ground.job(name)
        assert refused.value.response is not None
        headers.append((refused.value.status_code, refused.value.response.headers.get("Retry-After")))
    assert headers == [(429, None), (503, "7")]
    ground.job("e")


def test_no_quota_shows_as_a_resize_error(ground: Ground) -> None:
    """An allocation that is refused ends at once, with the code among the pool's resize errors."""
    deed(ground, "allocation", pool="p", code="AccountCoreQuotaReached", lowPriority=False)
    ground.pool(targetDedicatedNodes=2, targetLowPriorityNodes=1)
    pool = ground.client.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, pool.current_low_priority_nodes) == ("steady", 0, 1)
    assert [error.code for error in pool.resize_errors or []] == ["AccountCoreQuotaReached"]


def test_no_capacity_shows_after_the_resize_timeout(ground: Ground) -> None:
    """A pool whose nodes do not come is resizing until its resizeTimeout; autoscale asks again, and gets them."""
    deed(ground, "allocation", code="AllocationTimedout", seconds=1000)
    ground.pool(nodes=2, enableAutoScale=True, autoScaleFormula="$TargetDedicatedNodes = 2;",
                autoScaleEvaluationInterval="PT5M")  # fmt: skip
    ground.advance(600)
    assert ground.client.get_pool("p").allocation_state == "resizing"
    ground.advance(300)
    pool = ground.client.get_pool("p")
    assert [error.code for error in pool.resize_errors or []] in (["AllocationTimedout"], [])
    ground.advance(600)
    assert len(ground.nodes()) == 2


def test_start_tasks_fail_by_arrangement(ground: Ground) -> None:
    """The first node's start task ends with 3, so the node is starttaskfailed; the second one's runs."""
    deed(ground, "runs", kind="start", pool="p", exitCode=3)
    ground.pool(nodes=2, startTask={"commandLine": "prepare", "waitForSuccess": True})
    assert sorted(node.state for node in ground.nodes()) == ["idle", "starttaskfailed"]
    failed = next(node for node in ground.nodes() if node.state == "starttaskfailed")
    assert failed.start_task_info is not None
    assert failed.start_task_info.exit_code == 3


def test_a_full_disk_fails_tasks_without_a_retry(ground: Ground) -> None:
    """DiskFull is the server's, and Batch does not repeat it; the next task runs."""
    deed(ground, "runs", job="j*", task="t", code="DiskFull", message="No space left on device")
    ground.pool()
    ground.job()
    ground.task("t", constraints={"maxTaskRetryCount": 3})
    ground.task("u")
    ground.advance(15)
    info = ground.fate("t").execution_info
    assert info is not None
    assert info.failure_info is not None
    assert (info.failure_info.category, info.failure_info.code) == ("servererror", "DiskFull")
    assert (info.exit_code, info.retry_count) == (None, 0)
    assert ground.fate("u").execution_info.result == "success"


def test_a_node_loses_contact_and_recovers(ground: Ground) -> None:
    """The node is unusable without an error, its task runs elsewhere, and the service gets it back."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(2)
    deed(ground, "lose", pool="p", backAfter=60)
    node = ground.nodes()[0]
    assert (node.state, node.errors) == ("unusable", None)
    assert ground.fate().state == "active"
    ground.advance(70)
    assert ground.fate().state == "running"


@pytest.mark.parametrize(
    ("name", "body", "code"),
    [
        ("image", {"image": "reg.io/*"}, "ContainerInvalidImage"),
        ("registry", {"registry": "reg.io"}, "ContainerInvalidRegistry"),
    ],
)
def test_nodes_that_cannot_fetch_an_image_are_unusable(
    ground: Ground, name: str, body: dict[str, object], code: str
) -> None:
    """An image that is nowhere, and a registry that refuses the password, are the error of the node, with the image."""
    deed(ground, name, **body)
    ground.pool(machine=MACHINE | CONTAINERS)
    node = ground.nodes()[0]
    assert node.state == "unusable"
    assert node.errors is not None
    assert node.errors[0].code == code
    assert "reg.io/app:1" in str(node.errors[0].as_dict())


def test_a_failing_mount_makes_the_node_unusable(ground: Ground) -> None:
    """MountConfigurationError with the reason; once mounts work again, a reboot brings the node up."""
    deed(ground, "mounts", pool="p", message="exit code 1: no such host")
    ground.pool(mountConfiguration=[MOUNT])
    node = ground.nodes()[0]
    assert node.errors is not None
    assert (node.state, node.errors[0].code) == ("unusable", "MountConfigurationError")
    assert "no such host" in str(node.errors[0].as_dict())
    shown = ground.client.get_pool("p").mount_configuration
    assert shown is not None
    assert shown[0].azure_blob_file_system_configuration.account_key is None


def test_an_execution_that_cannot_mount_says_so(ground: Ground) -> None:
    """Tasks as Python functions have no mounts: the nodes of such a pool are unusable, never silently empty."""
    ground.pool(mountConfiguration=[MOUNT])
    errors = ground.nodes()[0].errors
    assert errors is not None
    assert "callables cannot mount" in str(errors[0].message)


def test_deeds_are_checked_and_shown(ground: Ground) -> None:
    """An unknown deed or property is refused with its name; steps that wait are listed until they are done."""
    import requests

    answer = requests.post(f"{ground.url}/_admin/deeds", json={"do": "explode"}, timeout=10)
    assert answer.status_code == 400
    assert "preempt" in answer.json()["message"]["value"]
    shown = ground.admin("POST", "/script", {"steps": [{"do": "quota", "at": 10, "pools": 0}]})
    assert [step["do"] for step in shown["steps"]] == ["quota"]
    ground.advance(10)
    assert ground.admin("GET", "/script") == {"steps": []}
    assert refusal(ground.pool, "q") == "PoolQuotaReached"
    for wrong in (
        "do: x",
        "- {at: 3}",
        "- {do: clear, at: 1, call: get_job}",
        "- {do: preempt, nodes: 0}",
        "- {",
        "- 3",
    ):
        with pytest.raises(BatchError):
            read_script(wrong)


def test_a_step_that_cannot_be_done_does_not_stop_the_others(ground: Ground) -> None:
    """A job that is not there any more cannot be dropped; the next step is done all the same."""
    follow(ground, "- {do: dropJob, at: 1, id: gone}\n- {do: dropJob, at: 2, id: j}")
    ground.job()
    ground.advance(5)
    assert refusal(ground.client.get_job, "j") == "JobNotFound"


def test_tasks_are_listed_by_their_ids(ground: Ground) -> None:
    """Lists are in order of the ids, whatever the order tasks were added in; pages do not lose or repeat any."""
    ground.job()
    for name in ("b", "C", "a", "d"):
        ground.task(name)
    pages = ground.client.list_tasks("j", max_results=2).by_page()
    first = [task.id for task in next(pages)]
    ground.task("aa")
    ground.client.delete_task("j", "C")
    assert first + [task.id for task in next(pages)] == ["a", "b", "d"]


def test_a_node_without_scheduling_is_offline(ground: Ground) -> None:
    """Scheduling off: idle becomes offline, also after the last task; on again: idle."""
    ground.programs.default = None
    ground.pool(nodes=2)
    ground.job()
    ground.task()
    ground.advance(2)
    for node in ground.nodes():
        body = models.BatchNodeDisableSchedulingOptions(node_disable_scheduling_option="taskcompletion")
        ground.client.disable_node_scheduling("p", node.id, body)
    assert sorted(node.state for node in ground.nodes()) == ["offline", "running"]
    ground.client.terminate_task("j", "t")
    assert [node.state for node in ground.nodes()] == ["offline", "offline"]
    counts = next(iter(ground.client.list_pool_node_counts()))
    assert counts.dedicated.offline == 2
    for node in ground.nodes():
        ground.client.enable_node_scheduling("p", node.id)
    assert [node.state for node in ground.nodes()] == ["idle", "idle"]


def test_limits_of_pools(ground: Ground) -> None:
    """Nodes that talk to each other, mounts, custom images and timeouts have documented limits."""
    connected = {"enableInterNodeCommunication": True, "targetDedicatedNodes": 101}
    assert refusal(ground.pool, **connected) == "InvalidPropertyValue"
    mounts = [{"azureBlobFileSystemConfiguration": {**MOUNT["azureBlobFileSystemConfiguration"],
                                                    "relativeMountPath": f"m{n}"}} for n in range(11)]  # fmt: skip
    assert refusal(ground.pool, mountConfiguration=mounts) == "InvalidPropertyValue"
    twice = {"mountConfiguration": [MOUNT, MOUNT]}
    assert refusal(ground.pool, **twice) == "InvalidPropertyValue"
    outside = {**MOUNT["azureBlobFileSystemConfiguration"], "relativeMountPath": "../x"}
    wrong = {"mountConfiguration": [{"azureBlobFileSystemConfiguration": outside}]}
    assert refusal(ground.pool, **wrong) == "InvalidPropertyValue"
    custom = {**MACHINE, "imageReference": {"virtualMachineImageId": "/subscriptions/s/images/mine"}}
    assert refusal(ground.pool, machine=custom, nodes=2001) == "InvalidPropertyValue"
    ground.job()
    assert refusal(ground.client.get_job, "j", service_timeout=31) == "OutOfRangeQueryParameterValue"


@pytest.mark.parametrize("code", [143, None])
def test_the_exit_code_of_a_wall_clock_kill_can_be_set(ground: Ground, code: int | None) -> None:
    """The service's documents do not tell it, so it is a setting; the failure is TaskEnded all the same."""
    world = ground.emulator.world
    world.settings = replace(world.settings, wall_clock_exit=code)
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task(constraints={"maxWallClockTime": "PT1M"})
    ground.advance(90)
    info = ground.fate().execution_info
    assert info is not None
    assert info.failure_info is not None
    assert (info.exit_code, info.failure_info.code) == (code, "TaskEnded")
