"""What is written to Batch and how its refusals are understood: the edge alone, against the emulator."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.azure.deadline import Deadline, bounded
from shared.azure.task_bodies import run_options
from shared.errors import Defect, OutOfTime, QuotaFull, Refused, Transient
from shared.ports import NodeError
from shared.specs import ResourceFile, Site, Source
from tests.contract.batch_ground import MOUNTS, UNTIL, WireGround, a_job, a_pool, a_preparation, a_task, wire_ground
from tests.fakes.tasks import TaskEnd

pytestmark = pytest.mark.stack


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[WireGround]:
    with wire_ground(tmp_path) as wire:
        yield wire


def ready(ground: WireGround) -> None:
    ground.batch.create_pool(a_pool("bd-a"))
    ground.pass_time(timedelta(seconds=10))
    ground.batch.create_job(a_job("bd-a", "bd-a", preparation=a_preparation()))


def test_task_as_the_node_sees_it(ground: WireGround) -> None:
    """Words stay words, `$AZ_BATCH_...` stays open for the node, files come and go by signed addresses."""
    ready(ground)
    user_blob = ResourceFile(Source("data", "in/a b.csv", False, UNTIL), "b.csv")
    task = a_task(7, arguments=("-c", "a 'b'; $(rm) $HOME"), resource_files=(*a_task(7).resource_files, user_blob))
    ground.batch.add_tasks("bd-a", [task])
    ground.run()
    (launch,) = [each for each in ground.launches if each.task_id == "t-000007"]
    wire = launch.task
    assert wire["commandLine"] == """-c 'a '"'"'b'"'"'; $(rm) $HOME'"""
    container = wire["containerSettings"]
    assert container["containerRunOptions"] == "-v $AZ_BATCH_TASK_WORKING_DIR:/batchdrop"
    assert container["workingDirectory"].lower() == "taskworkingdirectory"
    assert container["containerHostBatchBindMounts"] == [{"source": "Task", "isReadOnly": False}]
    first, second = wire["resourceFiles"]
    assert first == {"httpUrl": "https://work.blob.invalid/bd-a-input/7?si=batchdrop", "filePath": "input"}
    assert second["httpUrl"].endswith("/data/in/a b.csv?sp=r&se=2027-01-01T00:00:00Z")
    (output,) = wire["outputFiles"]
    assert output["destination"]["container"]["containerUrl"].endswith("/bd-a-output?si=batchdrop")
    assert output["destination"]["container"]["path"] == "t-000007"
    assert output["uploadOptions"]["uploadCondition"] == "tasksuccess"
    assert wire["userIdentity"]["autoUser"] == {"scope": "pool", "elevationLevel": "admin"}
    assert wire["constraints"]["maxTaskRetryCount"] == 3
    assert launch.environment == {"SECRET": "s", "INPUT_PATH": "/batchdrop/input"}


def test_pool_mounts_containers_by_signatures(ground: WireGround) -> None:
    """The job's own by its access policy, a user's by a signature to read and list; never by the account's key."""
    ground.batch.create_pool(a_pool("bd-a", mounts=MOUNTS))
    ground.pass_time(timedelta(seconds=10))
    (pool,) = ground.server.emulator.world.account.pools.values()
    own, users = (each["azureBlobFileSystemConfiguration"] for each in pool.spec["mountConfiguration"])
    assert (own["accountName"], own["containerName"], own["relativeMountPath"]) == ("work", "bd-a-output", "output")
    assert own["sasKey"] == "si=batchdrop"
    assert users["sasKey"] == "sp=rl&se=2027-01-01T00:00:00Z"
    assert [each["blobfuseOptions"].endswith("-o ro") for each in (own, users)] == [False, True]
    assert not {"accountKey", "identityReference"} & {*own, *users}


def test_preparation_runs_once_on_the_host(ground: WireGround) -> None:
    """The node is prepared before its first task, outside any container, with the user's reference data."""
    ready(ground)
    ground.batch.add_tasks("bd-a", [a_task(number) for number in range(3)])
    ground.run()
    (prepared,) = [each for each in ground.launches if each.kind == "jobpreparation"]
    assert "containerSettings" not in prepared.task
    assert prepared.task["waitForSuccess"] is True
    assert prepared.task["rerunOnNodeRebootAfterSuccess"] is False
    assert prepared.task["resourceFiles"][0]["filePath"] == "db.tar"


def test_image_without_arguments_keeps_its_own_command(ground: WireGround) -> None:
    """No arguments leave the command line empty, and the image's folder can be kept."""
    ready(ground)
    ground.batch.add_tasks("bd-a", [a_task(0, arguments=None, image_working_directory=True, mounts=())])
    ground.run()
    (launch,) = [each for each in ground.launches if each.task_id == "t-000000"]
    assert launch.task["commandLine"] == ""
    assert launch.task["containerSettings"]["workingDirectory"].lower() == "containerimagedefault"


def test_pool_prefetches_with_the_registrys_password(ground: WireGround) -> None:
    """The pool holds image and registry; the password comes out of the vault."""
    ready(ground)
    ground.batch.add_tasks("bd-a", [a_task(0)])
    ground.run()
    configuration = ground.launches[-1].container_configuration
    assert configuration is not None
    assert configuration["containerImageNames"] == ["reg.example/app:1"]
    (registry,) = configuration["containerRegistries"]
    assert (registry["registryServer"], registry["username"]) == ("reg.example", "puller")


def test_registry_password_that_is_not_there(ground: WireGround) -> None:
    """Without the password no pool is made, and the secret is named."""
    ground.secrets.values.clear()
    with pytest.raises(Refused, match="registry-password"):
        ground.batch.create_pool(a_pool("bd-a"))


@pytest.mark.parametrize(
    ("option", "written"),
    [
        (("--workdir", "/a", "-v", "/a:/b"), "--workdir /a -v /a:/b"),
        (("--entrypoint", "-v", "--workdir", "$AZ_BATCH_TASK_DIR"), "--entrypoint -v --workdir '$AZ_BATCH_TASK_DIR'"),
        (("-v", "${AZ_BATCH_NODE_SHARED_DIR}/ref:/ref:ro"), "-v ${AZ_BATCH_NODE_SHARED_DIR}/ref:/ref:ro"),
        (("--entrypoint", "/bin/my app"), "--entrypoint '/bin/my app'"),
        (("-e", "A=$HOME;`x`"), "-e 'A=$HOME;`x`'"),
    ],
)
def test_run_options_are_quoted(option: tuple[str, ...], written: str) -> None:
    """Nothing but the node's own folders is left to be expanded."""
    assert run_options(option) == written


@pytest.mark.parametrize("option", ["$AZ_BATCH_TASK_DIR:/a b", "$AZ_BATCH_TASK_DIR;rm", "$AZ_BATCH_TASK_DIR$HOME"])
def test_run_options_that_need_both_are_refused(option: str) -> None:
    """A bind that would have to be quoted and expanded at once is a defect, not a guess."""
    with pytest.raises(Defect):
        run_options(("-v", option))


def test_full_account(ground: WireGround) -> None:
    """No room for a pool or a job sends the job back to the line, by the service's own code."""
    ground.quota.pools = 0
    with pytest.raises(QuotaFull) as pools:
        ground.batch.create_pool(a_pool("bd-a"))
    assert pools.value.code == "PoolQuotaReached"
    ground.quota.jobs = 0
    with pytest.raises(QuotaFull) as jobs:
        ground.batch.create_job(a_job("bd-a", "bd-a"))
    assert jobs.value.code == "ActiveJobAndScheduleQuotaReached"


def test_wrong_formula_is_refused_by_its_code(ground: WireGround) -> None:
    """A formula that the service cannot read is no reason to try again."""
    with pytest.raises(Refused) as refused:
        ground.batch.create_pool(a_pool("bd-a", formula="$TargetDedicatedNodes = ;"))
    assert (refused.value.code, refused.value.status) == ("AutoScalingFormulaSyntaxError", 400)
    assert "bd-a" in str(refused.value)


def test_too_large_a_request_is_halved(ground: WireGround) -> None:
    """Tasks whose bodies together are too large all arrive; a single one that is too large is named."""
    ready(ground)
    large = [a_task(number, environment=(("A", "x" * 30_000),)) for number in range(80)]
    ground.batch.add_tasks("bd-a", large)
    assert len(list(ground.batch.unfinished("bd-a"))) == 80
    with pytest.raises(Refused, match="t-000099") as refused:
        ground.batch.add_tasks("bd-a", [a_task(98), a_task(99, environment=(("A", "x" * 1_100_000),))])
    assert refused.value.status == 413


def test_tasks_that_the_service_will_not_take_are_named(ground: WireGround) -> None:
    """A task refused within an accepted request is told by its id and reason; the others are there."""
    ready(ground)
    with pytest.raises(Refused, match=r"not/an/id") as refused:
        ground.batch.add_tasks("bd-a", [a_task(0), a_task(1, id="not/an/id")])
    assert refused.value.status == 400
    assert list(ground.batch.unfinished("bd-a")) == ["t-000000"]


def test_throttling_gives_back_its_delay(ground: WireGround) -> None:
    """A busy service's wish for a long pause becomes the delay of the next look, not a sleep."""
    ready(ground)
    ground.fail("create_task_collection", 429, "TooManyRequests", times=9, retry_after=77)
    began = time.monotonic()
    with pytest.raises(Transient) as busy:
        ground.batch.add_tasks("bd-a", [a_task(0)])
    assert busy.value.delay == timedelta(seconds=77)
    assert time.monotonic() - began < 5


def test_throttling_without_a_delay(ground: WireGround) -> None:
    """A refusal to add for being busy is Transient also where the SDK does not try again by itself."""
    ready(ground)
    ground.fail("create_task_collection", 429, "TooManyRequests")
    with pytest.raises(Transient):
        ground.batch.add_tasks("bd-a", [a_task(0)])
    ground.batch.add_tasks("bd-a", [a_task(0)])


def test_filters_the_service_does_not_know(ground: WireGround) -> None:
    """Where a filter is refused the same tasks are found without it."""
    ready(ground)
    ground.batch.add_tasks("bd-a", [a_task(number, max_retries=0) for number in range(4)])
    ground.ends.update({"t-000001": TaskEnd(1), "t-000003": TaskEnd(1)})
    ground.fail("list_tasks", 400, "InvalidQueryParameterValue")
    assert len(list(ground.batch.unfinished("bd-a"))) == 4
    ground.run()
    ground.fail("list_tasks", 400, "InvalidQueryParameterValue")
    assert [each.id for each in ground.batch.failed("bd-a")] == ["t-000001", "t-000003"]
    ground.fail("list_tasks", 400, "InvalidQueryParameterValue")
    assert list(ground.batch.unfinished("bd-a")) == []


def test_rotated_key_is_read_again(ground: WireGround) -> None:
    """A key that was changed in the vault is used at once; a wrong one there is refused for good."""
    stale = ground.connect("b2xkIGtleQ==")
    assert list(stale.owned_pools()) == []
    assert stale.pool("bd-none") is None
    stale.close()
    ground.secrets.values["batch-key"] = "d3Jvbmcga2V5"
    wrong = ground.connect("b2xkIGtleQ==")
    with pytest.raises(Refused) as refused:
        wrong.pool("bd-none")
    assert refused.value.code == "AuthenticationFailed"
    wrong.close()


def test_no_request_is_begun_after_the_deadline(ground: WireGround) -> None:
    """A pass that has used up its time asks Batch nothing more, and does not wait for a busy service past it."""
    with bounded(Deadline.after(timedelta(seconds=4))), pytest.raises(OutOfTime):
        ground.batch.pool("bd-a")
    ground.fail("get_pool", 503, "ServerBusy", times=9)
    began = time.monotonic()
    with bounded(Deadline.after(timedelta(seconds=1), floor=0.5)), pytest.raises(OutOfTime):
        ground.batch.pool("bd-a")
    assert time.monotonic() - began < 1.5


def test_what_a_failed_start_task_wrote_is_read_while_its_node_is_there(ground: WireGround) -> None:
    """The end of a file, the whole of a short one; None for a file or node that is not there."""
    ground.ends[""] = TaskEnd(3)
    ground.batch.create_pool(a_pool("bd-a", site=Site(start_task="/bin/sh -c false")))
    ground.pass_time(timedelta(seconds=30))
    (error,) = ground.batch.node_errors("bd-a")
    assert error.state == "starttaskfailed"
    (ground.launches[0].node_root / "startup" / "stderr.txt").write_bytes(b"no such mirror\n")
    assert ground.batch.node_file("bd-a", error.node, "startup/stderr.txt", 7) == b"mirror\n"
    assert ground.batch.node_file("bd-a", error.node, "startup/stderr.txt", 100) == b"no such mirror\n"
    assert ground.batch.node_file("bd-a", error.node, "startup/stdout.txt", 100) == b""
    assert ground.batch.node_file("bd-a", error.node, "startup/none.txt", 100) is None
    assert ground.batch.node_file("bd-a", "tvm-none", "startup/stderr.txt", 100) is None


def test_nodes_that_cannot_prepare_themselves_for_a_job_are_told_with_their_exit_code(ground: WireGround) -> None:
    """Only once its repetitions are used up, and only for this job; a job without preparation has none."""
    ground.ends["jobpreparation"] = TaskEnd(2)
    ready(ground)
    ground.batch.add_tasks("bd-a", [a_task(0)])
    assert ground.batch.preparation_errors("bd-a") == ()
    ground.pass_time(timedelta(minutes=2))
    (error,) = ground.batch.preparation_errors("bd-a")
    assert (error.state, error.code) == ("preparationfailed", "FailureExitCode")
    assert error.message.startswith("it ended with 2. ")
    assert [launch.attempt for launch in ground.launches if launch.kind == "jobpreparation"] == [0, 1, 2]
    ground.batch.create_job(a_job("bd-b", "bd-a"))
    assert ground.batch.preparation_errors("bd-b") == ()


def unprepared(ground: WireGround) -> NodeError:
    """Of a pool with one node, which could not fetch the files of a job."""
    ready(ground)
    ground.batch.add_tasks("bd-a", [a_task(0)])
    ground.unprepare("bd-a")
    ground.pass_time(timedelta(minutes=1))
    (error,) = ground.batch.preparation_errors("bd-a")
    return error


@pytest.mark.parametrize("code", ["OperationInvalidForCurrentState", "NodeBeingReimaged", "NodeStateUnusable"])
def test_a_node_in_no_state_for_a_new_disk_is_told_as_that(ground: WireGround, code: str) -> None:
    """To be asked again later, and no trouble with the service."""
    error = unprepared(ground)
    ground.fail("reimage_node", 409, code)
    assert not ground.batch.reimage_node("bd-a", error.node)
    assert ground.batch.reimage_node("bd-a", error.node)


def test_a_pool_whose_nodes_are_not_reimaged_is_refused_by_name(ground: WireGround) -> None:
    """The reference of the API speaks of pools of another kind."""
    error = unprepared(ground)
    ground.fail("reimage_node", 409, "OperationNotValidOnPool")
    with pytest.raises(Refused) as refused:
        ground.batch.reimage_node("bd-a", error.node)
    assert refused.value.code == "OperationNotValidOnPool"
