"""What a pool mounts: containers of blobs as folders of its nodes, by FUSE and by synchronised folders."""

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from local.azurite import Azurite
from local.batch_emulator.execution import Handle, Machine, Outcome
from local.batch_emulator.runner import NoRunner, choose_execution
from local.batch_emulator.runner.mounts.rclone import ON_A_LEASH, mount_points
from local.batch_emulator.runner.mounts.stores import Stores, account_sas
from local.batch_emulator.runner.node_execution import NodeExecution
from local.batch_emulator.runner.probe import PROBE_IMAGE
from tests.batch_emulator.node import Node

IDENTITY = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nodes"


class Place:
    """A container, a node that mounts it, and the execution that does it."""

    def __init__(self, execution: NodeExecution, azurite: Azurite, client: ContainerClient, root: Path) -> None:
        self.execution, self.azurite, self.client = execution, azurite, client
        self.node = Node(execution, root, root / "images.json", root / "app")
        self.folder = root.resolve() / "fsmounts" / "data"

    def configuration(self, **more: Any) -> dict[str, Any]:
        """Give the wire form of the mount, with the account's key unless something else opens it."""
        given = {"accountName": self.azurite.account, "containerName": self.client.container_name}
        way = {"accountKey": self.azurite.key} if not {"sasKey", "identityReference"} & set(more) else {}
        return {"azureBlobFileSystemConfiguration": {**given, "relativeMountPath": "data", **way, **more}}

    def begin(self, *mounts: Any, identities: tuple[str, ...] = (), images: tuple[str, ...] = ()) -> Handle:
        """Start to boot the node."""
        return self.execution.boot(Machine("acct", "p", "n", self.node.root, images, mounts, identities))

    def boot(self, *mounts: Any, **more: Any) -> Outcome:
        """Boot the node and give how that ended."""
        return awaited(self.begin(*(mounts or (self.configuration(),)), **more))

    def put(self, name: str, text: str) -> None:
        """Write a blob."""
        self.client.upload_blob(name, text, overwrite=True)

    def texts(self) -> dict[str, str]:
        """Give all blobs."""
        return {name: self.client.download_blob(name).readall().decode() for name in self.client.list_blob_names()}


def awaited(handle: Handle) -> Outcome:
    """Give the outcome of a boot."""
    deadline = time.monotonic() + 30
    while (outcome := handle.poll()) is None:
        assert time.monotonic() < deadline, "the node did not come up"
        time.sleep(0.01)
    return outcome


@pytest.fixture(params=["rclone", "synchronised"])
def place(request: pytest.FixtureRequest, azurite: Azurite, tmp_path: Path) -> Iterator[Place]:
    """A new container with one blob, and a node that can mount it; each way this machine has."""
    data = tmp_path / "data"
    try:
        execution = choose_execution(None, data, "process", Stores([azurite.connection_string]), request.param)
    except LookupError as why:
        pytest.skip(str(why))
    with BlobServiceClient.from_connection_string(azurite.connection_string, api_version="2026-06-06") as service:
        client = service.create_container(f"mount-{uuid.uuid4().hex[:12]}")
        found = Place(execution, azurite, client, tmp_path / "node")
        found.put("in/a.txt", "alpha")
        yield found
        execution.close()
        assert not [point for point in mount_points() if point.startswith(str(tmp_path))]
        client.delete_container()


def test_a_task_reads_and_writes_the_container_as_a_folder(place: Place) -> None:
    """What is in the container is below AZ_BATCH_NODE_MOUNTS_DIR; what the task writes there is in the container."""
    assert place.boot().failure is None
    script = "cd $AZ_BATCH_NODE_MOUNTS_DIR/data && cat in/a.txt && mkdir -p out && echo beta > out/b.txt"
    outcome = place.node.run(f"/bin/sh -c '{script}'")
    assert outcome.failure is None, place.node.text("stderr.txt")
    assert place.node.text() == "alpha"
    assert place.texts() == {"in/a.txt": "alpha", "out/b.txt": "beta\n"}


def test_a_blob_that_comes_later_is_seen(place: Place) -> None:
    """What others add to and take out of the container after the mount is seen by the next task."""
    place.boot()
    assert sorted(path.name for path in (place.folder / "in").iterdir()) == ["a.txt"]
    place.put("in/late.txt", "late")
    place.client.delete_blob("in/a.txt")
    time.sleep(1.5)
    assert place.node.run("/bin/sh -c 'ls $AZ_BATCH_NODE_MOUNTS_DIR/data/in'").failure is None
    assert place.node.text() == "late.txt\n"


def test_many_files_of_many_tasks_all_arrive(place: Place) -> None:
    """80 files of four writers are all in the container when their tasks have ended."""
    place.boot()
    script = "for n in $(seq 20); do echo $n > $AZ_BATCH_NODE_MOUNTS_DIR/data/$AZ_BATCH_TASK_ID-$n; done"
    handles = [place.node.start(f"/bin/sh -c '{script}'", task_id=f"t{number}") for number in range(4)]
    assert [awaited(handle).failure for handle in handles] == [None] * 4
    assert len(place.texts()) == 81


@pytest.mark.parametrize(
    ("script", "holds"),
    [
        ("echo a > f; echo b >> f", "a\nb\n"),
        ("echo abc > f; printf X | dd of=f bs=1 seek=1 conv=notrunc status=none", "aXc\n"),
        ("echo abc > g; mv g f", "abc\n"),
    ],
)
def test_what_a_task_changed_is_there_when_it_has_ended(place: Place, script: str, holds: str) -> None:
    """Appended to, changed in its middle, renamed: the container holds it at once, in full."""
    place.boot()
    outcome = place.node.run(f"/bin/sh -c 'cd $AZ_BATCH_NODE_MOUNTS_DIR/data; {script}'")
    assert outcome.failure is None, place.node.text("stderr.txt")
    assert place.texts() == {"in/a.txt": "alpha", "f": holds}


def test_a_read_only_mount_takes_nothing(place: Place) -> None:
    """blobfuseOptions with `-o ro`: what a task writes there does not reach the container."""
    place.boot(place.configuration(blobfuseOptions="-o attr_timeout=240 -o ro"))
    place.node.run("/bin/sh -c 'echo x > $AZ_BATCH_NODE_MOUNTS_DIR/data/new.txt'")
    assert place.texts() == {"in/a.txt": "alpha"}


def test_a_sas_and_an_identity_open_it_too(place: Place) -> None:
    """A sasKey, or an identity of the pool whose account the emulator knows, does what an account key does."""
    sas = account_sas(place.azurite.account, place.azurite.key)
    assert place.boot(place.configuration(sasKey="?" + sas)).failure is None
    assert (place.folder / "in/a.txt").read_text() == "alpha"
    other = place.configuration(identityReference={"resourceId": IDENTITY}, relativeMountPath="other")
    assert place.boot(other, identities=(IDENTITY.upper(),)).failure is None
    assert (place.folder.parent / "other/in/a.txt").read_text() == "alpha"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"containerName": "nothing-here"}, "ContainerNotFound"),
        ({"sasKey": "sv=2021-12-02&sig=wrong"}, "403"),
        ({"accountKey": "not base64!"}, "not base64"),
        ({"identityReference": {"resourceId": IDENTITY}}, "no identity"),
    ],
)
def test_what_cannot_be_mounted_says_why(place: Place, more: dict[str, Any], says: str) -> None:
    """A missing container, a bad key, an identity the pool lacks: MountConfigurationError with the reason."""
    failure = place.boot(place.configuration(**more)).failure
    assert failure is not None
    assert failure.code == "MountConfigurationError"
    assert says in failure.message
    assert place.azurite.key not in str(failure)


def test_an_image_that_is_nowhere_fails_the_node(place: Place) -> None:
    """Images are looked for before anything is mounted; the failure names the image."""
    failure = place.boot(images=("registry.example/none:1",)).failure
    assert failure is not None
    assert (failure.category, failure.code) == ("usererror", "ContainerInvalidImage")
    assert "registry.example/none:1" in failure.message
    assert not place.folder.exists()


def test_a_node_that_goes_leaves_no_mount(place: Place) -> None:
    """stop() takes the mounts away, also in the middle of mounting; the container keeps its blobs."""
    handle = place.begin(place.configuration())
    awaited(handle)
    handle.stop()
    place.begin(place.configuration()).stop()
    assert not [point for point in mount_points() if str(place.folder) in point]
    assert place.texts() == {"in/a.txt": "alpha"}


def test_task_files_travel_by_identity(place: Place) -> None:
    """Resource and output files with an identityReference need no SAS, if the pool bears that identity."""
    reference = {"resourceId": IDENTITY}
    url = place.client.url
    body = {
        "resourceFiles": [{"httpUrl": f"{url}/in/a.txt", "filePath": "a.txt", "identityReference": reference}],
        "outputFiles": [
            {
                "filePattern": "b.txt",
                "destination": {"container": {"containerUrl": url, "path": "b", "identityReference": reference}},
                "uploadOptions": {"uploadCondition": "taskcompletion"},
            }
        ],
    }
    refused = place.node.run("/bin/cp a.txt b.txt", **body).failure
    assert refused is not None
    assert refused.code == "BlobAccessDenied"
    launch = place.node.launch("/bin/cp a.txt b.txt", **body)
    assert awaited(place.execution.start(replace(launch, identities=(IDENTITY,)))).failure is None
    assert place.texts()["b"] == "alpha"


@pytest.mark.parametrize("runner", ["unshare", "bwrap", "podman"])
def test_containers_see_the_mounts_they_are_given(azurite: Azurite, tmp_path: Path, runner: str) -> None:
    """A container reads and writes the container of blobs at its path on the node, or where folders of it are bound,
    within a folder that is bound itself."""
    try:
        execution = choose_execution(
            tmp_path / "images.json", tmp_path / "data", runner, Stores([azurite.connection_string])
        )
    except NoRunner as why:
        pytest.skip(str(why))
    (tmp_path / "app").mkdir()
    (tmp_path / "images.json").write_text('{"images": {"app": {"root": "app", "base": "host"}}}')
    image = PROBE_IMAGE if runner == "podman" else "app"
    with BlobServiceClient.from_connection_string(azurite.connection_string, api_version="2026-06-06") as service:
        client = service.create_container(f"mount-{uuid.uuid4().hex[:12]}")
        place = Place(execution, azurite, client, tmp_path / "node")
        place.put("a.txt", "alpha\n")
        assert place.boot(images=(image,)).failure is None
        script = "cd /mnt/batch/tasks/fsmounts/data && read line < a.txt && echo $line > b.txt"
        binds = [{"source": "VfsMounts"}, {"source": "Task"}]
        outcome = place.node.contain(image, f"/bin/sh -c '{script}'", settings={"containerHostBatchBindMounts": binds})
        assert outcome.failure is None, (outcome, place.node.text("stderr.txt"))
        assert place.texts()["b.txt"] == "alpha\n"
        place.put("t1/.here", "")
        options = "-v $AZ_BATCH_TASK_WORKING_DIR:/inside -v $AZ_BATCH_NODE_MOUNTS_DIR/data/t1:/inside/out"
        options += " -v $AZ_BATCH_NODE_MOUNTS_DIR/data/in:/inside/in:ro --workdir /inside"
        place.put("in/b.txt", "beta\n")
        binds = {"containerRunOptions": options, "containerHostBatchBindMounts": [{"source": "Task"}]}
        outcome = place.node.contain(
            image, "/bin/sh -c 'read line < in/b.txt && echo $line > out/c.txt'", settings=binds
        )
        assert outcome.failure is None, (outcome, place.node.text("stderr.txt"))
        assert place.texts()["t1/c.txt"] == "beta\n"
        execution.close()
        client.delete_container()


def test_mounts_of_a_killed_emulator_are_cleared_away(azurite: Azurite, tmp_path: Path) -> None:
    """A dead mount that was left below the data folder is gone when the next emulator starts there."""
    execution = choose_execution(None, tmp_path / "data", "process", Stores([azurite.connection_string]))
    if execution.mounts != "rclone":
        pytest.skip("no FUSE here")
    with BlobServiceClient.from_connection_string(azurite.connection_string, api_version="2026-06-06") as service:
        client = service.create_container(f"mount-{uuid.uuid4().hex[:12]}")
        place = Place(execution, azurite, client, tmp_path / "data/node")
        assert place.boot().failure is None
        [mount] = next(iter(execution._boots.values())).attached
        mount._process.kill()
        mount._process.wait()
        with pytest.raises(OSError, match="not connected"):
            list(place.folder.iterdir())
        choose_execution(None, tmp_path / "data", "process").close()
        assert list(place.folder.iterdir()) == []
        execution.close()
        client.delete_container()


def test_rclone_ends_with_the_thread_that_holds_it(tmp_path: Path) -> None:
    """A program on the leash is ended by the kernel when the thread that started it is gone."""
    found: list[subprocess.Popen[bytes]] = []
    words = ["/bin/sh", "-c", "sleep 60"]

    def start() -> None:
        found.append(subprocess.Popen([sys.executable, "-I", "-S", "-c", ON_A_LEASH, *words]))
        time.sleep(0.5)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert found[0].wait(5) == -15
