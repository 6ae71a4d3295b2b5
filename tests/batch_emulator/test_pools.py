"""Pools and nodes: sizes, boots, quotas, preemptions, images, deletions."""

from datetime import timedelta

import pytest
from azure.batch import models

from tests.batch_emulator.ground import CONTAINERS, MACHINE, Ground, refusal


def states(ground: Ground, pool_id: str = "p") -> list[str]:
    """Give the states of a pool's nodes."""
    return [str(node.state.value) for node in ground.nodes(pool_id)]


def test_nodes_boot_step_by_step(ground: Ground) -> None:
    """A new pool is resizing with creating nodes, then they start, then they are idle and the pool is steady."""
    ground.pool(nodes=0)
    ground.client._resize_pool_internal("p", models.BatchPoolResizeOptions(target_dedicated_nodes=2))
    assert ground.client.get_pool("p").allocation_state == "resizing"
    seen = []
    for _ in range(4):
        ground.advance(0.5)
        seen.append(sorted(set(states(ground))))
    ground.advance(0.5)
    assert seen[0] == ["creating"]
    assert ["starting"] in seen
    assert states(ground) == ["idle", "idle"]
    pool = ground.client.get_pool("p")
    assert (pool.allocation_state, pool.current_dedicated_nodes, pool.target_dedicated_nodes) == ("steady", 2, 2)


def test_a_start_task_runs_before_any_task(ground: Ground) -> None:
    """Nodes wait for the start task; when it fails they are closed to tasks and say why."""
    ground.programs.answers["start"] = None
    ground.pool(startTask={"commandLine": "prepare", "waitForSuccess": True})
    assert states(ground) == ["waitingforstarttask"]
    ground.programs.answers["start"] = 4
    ground.advance(1)
    node = ground.nodes()[0]
    assert (node.state, node.start_task_info.exit_code) == ("starttaskfailed", 4)
    ground.job()
    ground.task()
    ground.advance(1)
    assert ground.fate().state == "active"
    ground.programs.answers["start"] = 0
    ground.client._reboot_node_internal("p", node.id, {"nodeRebootOption": "requeue"})
    ground.advance(10)
    assert ground.fate().state == "completed"


def test_a_start_task_nobody_waits_for(ground: Ground) -> None:
    """With waitForSuccess false, tasks run beside the start task."""
    ground.programs.answers["start"] = None
    ground.pool(startTask={"commandLine": "prepare", "waitForSuccess": False})
    assert states(ground) == ["idle"]
    ground.job()
    ground.task()
    ground.advance(1)
    assert ground.fate().state == "completed"


def test_core_quota_shows_as_a_resize_error(ground: Ground) -> None:
    """Nodes beyond the cores of the account are not allocated; the steady pool says so, until the next resize."""
    ground.admin("POST", "/quota", {"dedicated": 5})
    ground.pool(nodes=3)
    pool = ground.client.get_pool("p")
    assert (pool.current_dedicated_nodes, pool.target_dedicated_nodes) == (2, 3)
    assert [error.code for error in pool.resize_errors] == ["AccountCoreQuotaReached"]
    ground.admin("POST", "/quota", {"dedicated": 6})
    ground.client._resize_pool_internal("p", models.BatchPoolResizeOptions(target_dedicated_nodes=3))
    ground.advance(5)
    pool = ground.client.get_pool("p")
    assert (pool.current_dedicated_nodes, pool.resize_errors) == (3, None)


def test_quotas_of_pools_and_jobs(ground: Ground) -> None:
    """One pool or open job too many is a 409 that names the quota; completed jobs do not count."""
    ground.admin("POST", "/quota", {"pools": 1, "jobs": 1})
    ground.pool()
    assert refusal(ground.pool, "q") == "PoolQuotaReached"
    ground.job()
    assert refusal(ground.job, "k") == "ActiveJobAndScheduleQuotaReached"
    ground.client._terminate_job_internal("j", {"terminateReason": "enough"})
    ground.advance(1)
    ground.job("k")


def test_a_resize_waits_for_the_one_before(ground: Ground) -> None:
    """A pool that is being resized refuses another resize, and a pool that is not has none to stop."""
    ground.pool()
    assert refusal(ground.client._stop_pool_resize_internal, "p") == "OperationInvalidForCurrentState"
    more = models.BatchPoolResizeOptions(target_dedicated_nodes=3)
    ground.client._resize_pool_internal("p", more)
    assert refusal(ground.client._resize_pool_internal, "p", more) == "PoolBeingResized"
    ground.client._stop_pool_resize_internal("p")
    ground.advance(5)
    pool = ground.client.get_pool("p")
    assert pool.allocation_state == "steady"
    assert [error.code for error in pool.resize_errors] == ["ResizeStopped"]


@pytest.mark.parametrize(
    ("option", "state", "requeued"),
    [("requeue", "active", 1), ("terminate", "completed", 0), ("taskcompletion", "running", 0)],
)
def test_what_becomes_of_the_tasks_of_a_leaving_node(ground: Ground, option: str, state: str, requeued: int) -> None:
    """A resize to nothing requeues running tasks, ends them, or lets them complete first, as asked."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(1)
    ground.client._resize_pool_internal("p", {"targetDedicatedNodes": 0, "nodeDeallocationOption": option})
    ground.advance(5)
    task = ground.fate()
    assert (task.state, task.execution_info.requeue_count) == (state, requeued)
    assert len(ground.nodes()) == (1 if option == "taskcompletion" else 0)
    ground.programs.default = 0
    ground.advance(5)
    assert ground.nodes() == []


def test_a_resize_that_waits_too_long_for_tasks_gives_up(ground: Ground) -> None:
    """With taskcompletion, a node whose task outlasts the resizeTimeout stays, and the pool says that time ran out."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(1)
    options = {"targetDedicatedNodes": 0, "nodeDeallocationOption": "taskcompletion", "resizeTimeout": "PT5M"}
    ground.client._resize_pool_internal("p", options)
    ground.advance(301)
    pool = ground.client.get_pool("p")
    assert [error.code for error in pool.resize_errors] == ["AllocationTimedout"]
    assert states(ground) == ["running"]


def test_a_preempted_spot_node_costs_no_retry(ground: Ground) -> None:
    """Its tasks go back to active without any count; the node is `preempted` and later comes back under its id."""
    ground.programs.default = None
    ground.pool(nodes=0, targetLowPriorityNodes=1)
    ground.job()
    ground.task()
    ground.advance(1)
    node = ground.nodes()[0].id
    ground.admin("POST", f"/nodes/p/{node}/preempt", {"backAfter": 60})
    task = ground.fate()
    assert (task.state, task.execution_info.requeue_count, task.execution_info.retry_count) == ("active", 0, 0)
    counts = next(iter(ground.client.list_pool_node_counts(filter="poolId eq 'p'"))).low_priority
    assert (counts.preempted, counts.total) == (1, 1)
    assert ground.client.get_pool("p").current_low_priority_nodes == 1
    ground.programs.default = 0
    ground.advance(70)
    assert ground.fate().state == "completed"
    assert [each.id for each in ground.nodes()] == [node]
    assert len([launch for launch in ground.programs.launches if launch.task_id == "t"]) > 1


def test_dedicated_nodes_are_not_preempted(ground: Ground) -> None:
    """Only Spot nodes can be taken away."""
    ground.pool()
    node = ground.nodes()[0]
    assert node.is_dedicated
    with pytest.raises(AssertionError, match="OperationInvalidForCurrentState"):
        ground.admin("POST", f"/nodes/p/{node.id}/preempt")


def test_an_image_that_cannot_be_pulled(ground: Ground) -> None:
    """Nodes that must fetch it become unusable and name the image; tasks that name it fail without an exit code."""
    ground.admin("POST", "/images", {"image": "reg.io/app:1"})
    ground.pool(machine=MACHINE | CONTAINERS)
    node = ground.nodes()[0]
    assert (node.state, node.errors[0].code) == ("unusable", "ContainerInvalidImage")
    assert node.errors[0].error_details[0].value == "reg.io/app:1"
    ground.pool("q", machine=MACHINE | {"containerConfiguration": {"type": "dockerCompatible"}})
    ground.job("k", "q")
    ground.task("t", "k", containerSettings={"imageName": "reg.io/app:1"})
    ground.advance(1)
    info = ground.fate("t", "k").execution_info
    assert (info.exit_code, info.failure_info.code) == (None, "ContainerInvalidImage")
    ground.admin("POST", "/images", {"image": "reg.io/app:1", "pullable": True})
    ground.admin("POST", f"/nodes/p/{node.id}/restore")
    ground.advance(5)
    assert states(ground) == ["idle"]


def test_a_pool_that_is_deleted_gives_its_tasks_back(ground: Ground) -> None:
    """Running tasks are requeued, the job stays active, and another pool of the same id runs them."""
    ground.programs.default = None
    ground.pool()
    ground.job()
    ground.task()
    ground.advance(1)
    ground.client._delete_pool_internal("p")
    task = ground.fate()
    assert (task.state, task.execution_info.requeue_count) == ("active", 1)
    ground.advance(5)
    assert refusal(ground.client.get_pool, "p") == "PoolNotFound"
    assert ground.client.get_job("j").state == "active"
    ground.programs.default = 0
    ground.pool()
    ground.advance(1)
    assert ground.fate().state == "completed"


def test_named_nodes_are_removed(ground: Ground) -> None:
    """removenodes takes exactly those nodes away and lowers the target."""
    ground.pool(nodes=3)
    gone = ground.nodes()[1].id
    ground.client._remove_nodes_internal("p", models.BatchNodeRemoveOptions(node_ids=[gone]))
    ground.advance(5)
    assert gone not in {node.id for node in ground.nodes()}
    pool = ground.client.get_pool("p")
    assert (pool.current_dedicated_nodes, pool.target_dedicated_nodes) == (2, 2)
    assert refusal(ground.client._remove_nodes_internal, "p", {"nodeList": [gone]}) == "NodeNotFound"


def test_a_pool_can_be_changed(ground: Ground) -> None:
    """PATCH changes what it names, updateproperties replaces start task and metadata; with nodes, machines stay."""
    ground.pool(nodes=0, metadata=[{"name": "a", "value": "1"}])
    ground.client.update_pool("p", models.BatchPoolUpdateOptions({"taskSlotsPerNode": 2, "displayName": "mine"}))
    pool = ground.client.get_pool("p")
    assert (pool.task_slots_per_node, pool.display_name, pool.metadata[0].value) == (2, "mine", "1")
    replacement = models.BatchPoolReplaceOptions(application_package_references=[], metadata=[])
    ground.client.replace_pool_properties("p", replacement)
    assert not ground.client.get_pool("p").metadata
    ground.client._resize_pool_internal("p", models.BatchPoolResizeOptions(target_dedicated_nodes=1))
    ground.advance(5)
    assert refusal(ground.client.update_pool, "p", {"taskSlotsPerNode": 4}) == "OperationInvalidForCurrentState"


def test_pools_that_cannot_be(ground: Ground) -> None:
    """Too many slots, a retired agent, targets beside a formula, a formula without autoscale, mounts: all refused."""
    old = MACHINE | {"nodeAgentSKUId": "batch.node.ubuntu 20.04"}
    mount = [{"nfsMountConfiguration": {"source": "x", "relativeMountPath": "y"}}]
    formula = "$TargetDedicatedNodes=1;"
    assert refusal(ground.pool, taskSlotsPerNode=9) == "InvalidPropertyValue"
    assert refusal(ground.pool, machine=old) == "NodeAgentSKUNotFound"
    assert refusal(ground.pool, autoScaleFormula=formula) == "InvalidAutoScalingSettings"
    both = {"enableAutoScale": True, "autoScaleFormula": formula, "targetLowPriorityNodes": 0}
    assert refusal(ground.pool, **both) == "InvalidAutoScalingSettings"
    assert refusal(ground.pool, enableAutoScale=True) == "MissingRequiredProperty"
    assert refusal(ground.pool, mountConfiguration=mount) == "NotImplemented"
    assert list(ground.client.list_pools()) == []


def test_supported_images(ground: Ground) -> None:
    """The region's images say what they can and how long they are supported; both current Ubuntus hold containers."""
    images = list(ground.client.list_supported_images(filter="verificationType eq 'verified' and osType eq 'linux'"))
    docker = {image.node_agent_sku_id for image in images if "DockerCompatible" in (image.capabilities or [])}
    assert {"batch.node.ubuntu 22.04", "batch.node.ubuntu 24.04"} <= docker
    hpc = next(image for image in images if image.image_reference.sku == "2204")
    assert (hpc.image_reference.publisher, hpc.image_reference.offer) == ("microsoft-dsvm", "ubuntu-hpc")
    assert hpc.batch_support_end_of_life.year == 2027


def test_secrets_of_registries_are_not_shown(ground: Ground) -> None:
    """A pool keeps its registry's password to itself."""
    registry = {"registryServer": "reg.io", "username": "u", "password": "hidden"}
    containers = {"type": "dockerCompatible", "containerRegistries": [registry]}
    ground.pool(machine=MACHINE | {"containerConfiguration": containers})
    assert "hidden" not in str(ground.client.get_pool("p").as_dict())


def test_scheduling_of_a_node_can_be_switched_off(ground: Ground) -> None:
    """A node with scheduling disabled gets no tasks until it is enabled again."""
    ground.pool()
    node = ground.nodes()[0].id
    ground.client.disable_node_scheduling("p", node, {"nodeDisableSchedulingOption": "requeue"})
    assert ground.client.get_node("p", node).scheduling_state == "disabled"
    ground.job()
    ground.task()
    ground.advance(5)
    assert ground.fate().state == "active"
    ground.client.enable_node_scheduling("p", node)
    ground.advance(1)
    assert ground.fate().state == "completed"
    assert ground.client.get_node("p", node).total_tasks_succeeded == 1


def test_a_lost_node_says_nothing_and_its_tasks_run_elsewhere(ground: Ground) -> None:
    """A node that is lost is unusable without errors; its task runs again on another."""
    ground.programs.default = None
    ground.pool(nodes=2)
    ground.job()
    ground.task()
    ground.advance(1)
    lost = ground.fate().node_info.node_id
    ground.admin("POST", f"/nodes/p/{lost}/lose")
    ground.advance(1)
    assert ground.fate().node_info.node_id != lost
    node = ground.client.get_node("p", lost)
    assert (node.state, node.errors) == ("unusable", None)


def test_slots_are_spread_or_packed(ground: Ground) -> None:
    """Tasks go to the emptiest node, or with `pack` fill one after the other; wide tasks wait for room."""
    ground.programs.default = None
    ground.pool("s", nodes=2, taskSlotsPerNode=4)
    ground.pool("k", nodes=2, taskSlotsPerNode=4, taskSchedulingPolicy={"nodeFillType": "pack"})
    for pool, used in (("s", [2, 2]), ("k", [4, 0])):
        ground.job(f"job-{pool}", pool)
        for number in range(4):
            ground.task(f"t{number}", f"job-{pool}")
        ground.advance(1)
        assert [node.running_task_slots_count for node in ground.nodes(pool)] == used
    ground.task("wide", "job-s", requiredSlots=3)
    ground.task("narrow", "job-s", requiredSlots=2)
    ground.advance(1)
    assert (ground.fate("wide", "job-s").state, ground.fate("narrow", "job-s").state) == ("active", "running")
    assert ground.client.get_job_task_counts("job-s").task_slot_counts.active == 3


def test_formulas_start_keep_and_drain_a_pool(ground: Ground) -> None:
    """A formula sizes the pool from birth, at each interval by samples, and keeps it when samples are missing."""
    formula = (
        "n = $PendingTasks.GetSamplePercent(TimeInterval_Minute * 2) < 50 ? 2 : max($PendingTasks.GetSample(1));"
        "$TargetDedicatedNodes = min(3, n); $NodeDeallocationOption = taskcompletion;"
    )
    ground.pool(enableAutoScale=True, autoScaleFormula=formula, autoScaleEvaluationInterval="PT5M")
    pool = ground.client.get_pool("p")
    assert (pool.current_dedicated_nodes, pool.auto_scale_run.error) == (2, None)
    assert "$TargetDedicatedNodes=2" in pool.auto_scale_run.results
    ground.programs.default = None
    ground.job()
    for number in range(9):
        ground.task(f"t{number}")
    ground.advance(310)
    assert ground.client.get_pool("p").current_dedicated_nodes == 3
    ground.programs.default = 0
    ground.advance(620)
    pool = ground.client.get_pool("p")
    assert (pool.current_dedicated_nodes, pool.target_dedicated_nodes) == (0, 0)
    assert pool.auto_scale_evaluation_interval == timedelta(minutes=5)


def test_an_evaluation_that_fails_keeps_the_size(ground: Ground) -> None:
    """Without the samples it needs, a formula fails, and the pool stays as it is."""
    first = "$TargetDedicatedNodes = 1;"
    ground.pool(enableAutoScale=True, autoScaleFormula=first)
    hungry = "$TargetDedicatedNodes = avg($PendingTasks.GetSample(TimeInterval_Hour, 90));"
    ground.advance(10)
    ground.client.enable_pool_auto_scale("p", models.BatchPoolEnableAutoScaleOptions(auto_scale_formula=hungry))
    pool = ground.client.get_pool("p")
    assert pool.auto_scale_run.error.code == "InsufficientSampleData"
    assert pool.target_dedicated_nodes == 1


def test_switching_autoscale(ground: Ground) -> None:
    """It can be switched on 30 s apart, tried out only while on, and switched off again; bad formulas are refused."""
    formula = models.BatchPoolEnableAutoScaleOptions(auto_scale_formula="$TargetDedicatedNodes = 1;")
    ground.pool(nodes=0)
    trial = models.BatchPoolEvaluateAutoScaleOptions(auto_scale_formula="$TargetDedicatedNodes = 7;")
    assert refusal(ground.client.evaluate_pool_auto_scale, "p", trial) == "OperationInvalidForCurrentState"
    ground.client.enable_pool_auto_scale("p", formula)
    assert refusal(ground.client.enable_pool_auto_scale, "p", formula) == "TooManyEnableAutoScaleRequests"
    ground.advance(31)
    ground.client.enable_pool_auto_scale("p", formula)
    assert (
        refusal(ground.client._resize_pool_internal, "p", {"targetDedicatedNodes": 3})
        == "OperationInvalidForCurrentState"
    )
    run = ground.client.evaluate_pool_auto_scale("p", trial)
    assert "$TargetDedicatedNodes=7" in run.results
    assert ground.client.get_pool("p").target_dedicated_nodes == 1
    ground.advance(31)
    bad = models.BatchPoolEnableAutoScaleOptions(auto_scale_formula="$TargetDedicatedNodes = ;")
    assert refusal(ground.client.enable_pool_auto_scale, "p", bad) == "AutoScalingFormulaSyntaxError"
    ground.client.disable_pool_auto_scale("p")
    pool = ground.client.get_pool("p")
    assert (pool.enable_auto_scale, pool.auto_scale_formula, pool.target_dedicated_nodes) == (False, None, 1)


def test_autoscale_tries_again_when_cores_are_free(ground: Ground) -> None:
    """A pool short of cores asks again at the next evaluation."""
    ground.admin("POST", "/quota", {"dedicated": 0})
    ground.pool(enableAutoScale=True, autoScaleFormula="$TargetDedicatedNodes = 1;", autoScaleEvaluationInterval="PT5M")
    pool = ground.client.get_pool("p")
    assert [error.code for error in pool.resize_errors] == ["AccountCoreQuotaReached"]
    ground.admin("POST", "/quota", {"dedicated": 4})
    ground.advance(310)
    assert ground.client.get_pool("p").current_dedicated_nodes == 1
