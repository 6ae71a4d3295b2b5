"""Container tasks whose images are given by their files."""

import json
import socket
from pathlib import Path

import pytest

from local.batch_emulator.execution import Outcome
from tests.batch_emulator.node import Node, make_root, write_script
from tests.batch_emulator.runners import any_node, executions, isolated_node, node, process_node

__all__ = ["any_node", "executions", "isolated_node", "node", "process_node"]


def failure_code(outcome: Outcome) -> str:
    """Give the code of a run that never had an exit code."""
    assert outcome.exit_code is None
    assert outcome.failure is not None
    return outcome.failure.code


def test_an_empty_command_line_runs_entry_point_and_default_words(node: Node) -> None:
    """The image's ENTRYPOINT gets the image's CMD."""
    outcome = node.contain("app")
    assert outcome.failure is None
    assert outcome.container_id
    assert node.text().splitlines()[0] == "words: by default"


def test_a_command_line_takes_the_place_of_the_default_words(node: Node) -> None:
    """Its words follow the image's ENTRYPOINT, quotes understood, no shell in between."""
    node.contain("app", "one 'two three' $COLOUR")
    assert node.text().splitlines()[0] == "words: one two three $COLOUR"


def test_another_entry_point_drops_the_default_words(node: Node) -> None:
    """--entrypoint replaces ENTRYPOINT and forgets CMD, as docker does."""
    node.contain("app", "", "--rm --entrypoint /bin/pwd")
    assert node.text() == f"{node.seen_root}/workitems/job/job-1/t/wd\n"
    node.contain("app", "-c 'echo $COLOUR'", "--entrypoint=/bin/sh")
    assert node.text() == "red\n"


def test_the_working_directory_is_the_tasks_unless_the_image_is_to_decide(node: Node) -> None:
    """taskWorkingDirectory overrides WORKDIR, containerImageDefault keeps it, --workdir wins."""
    node.contain("app")
    assert node.text().splitlines()[1] == f"folder: {node.seen_root}/workitems/job/job-1/t/wd"
    node.contain("app", settings={"workingDirectory": "containerImageDefault"})
    assert node.text().splitlines()[1].endswith("/app")
    node.contain("app", "", "-w /usr/local")
    assert node.text().splitlines()[1].endswith("/usr/local")


@pytest.mark.parametrize("default", ["taskWorkingDirectory", "containerImageDefault"])
def test_a_bound_folder_has_the_same_path_whatever_the_images_folder(any_node: Node, default: str) -> None:
    """With -v the working directory is /batchdrop for every image; in a runner without roots words are rewritten."""
    write_script(any_node.app / "app/run.sh", 'cat "$1" > "$2/copy.txt"; echo "$WHERE" > "$2/where.txt"\n')
    (any_node.folder / "wd").mkdir(parents=True)
    (any_node.folder / "wd/in.txt").write_text("given\n")
    options = "-v $AZ_BATCH_TASK_WORKING_DIR:/batchdrop"
    outcome = any_node.contain(
        "app",
        "/batchdrop/in.txt /batchdrop",
        options,
        settings={"workingDirectory": default},
        environment={"WHERE": "--out=/batchdrop/x,/batchdrop and /data/batchdrop"},
    )
    assert outcome.failure is None, any_node.text("stderr.txt")
    assert any_node.text("wd/copy.txt") == "given\n"
    here = "/batchdrop" if any_node.isolated else str(any_node.folder / "wd")
    assert any_node.text("wd/where.txt") == f"--out={here}/x,{here} and /data/batchdrop\n"


def test_the_files_of_an_image_lie_over_the_host(any_node: Node) -> None:
    """Its own folders appear, its programs are on PATH beside the host's, arguments that name its files find them."""
    any_node.contain("app", "-c 'cat /app/data.txt; shout x; ls / | grep -c usr'", "--entrypoint /bin/sh")
    assert any_node.text().splitlines() == ["from the image", "shouting x", "1"]


def test_a_folder_of_the_image_that_is_a_link_on_the_host(isolated_node: Node) -> None:
    """COPY tool /lib64/ puts it where /lib64 leads, and everything else in there is still to be found."""
    theirs = sorted(path.name for path in Path("/lib64").iterdir())
    root = isolated_node.app.parent / "linked"
    write_script(root / "lib64/linked-tool", "echo here\n")
    isolated_node.add_image("linked:1", root)
    outcome = isolated_node.contain("linked:1", "/bin/sh -c '/lib64/linked-tool; ls /lib64'")
    assert outcome.failure is None, isolated_node.text("stderr.txt")
    first, *names = isolated_node.text().splitlines()
    assert first == "here"
    assert sorted(names) == sorted([*theirs, "linked-tool"])


def test_later_words_win_among_environments(node: Node) -> None:
    """The image's variables yield to the task's, those to Batch's own, and all to -e."""
    environment = {"COLOUR": "blue", "SIZE": "big"}
    node.contain("app", "-c env", "--entrypoint /bin/sh -e SIZE=small", environment=environment)
    lines = node.text().splitlines()
    assert {"COLOUR=blue", "SHAPE=round", "SIZE=small", "AZ_BATCH_TASK_ID=t"} <= set(lines)


def test_by_default_a_container_sees_the_whole_node(node: Node) -> None:
    """Shared folders and other tasks' folders are there to read and write."""
    node.run("/bin/sh -c 'echo theirs > f'", task_id="other")
    command = "-c 'cat $AZ_BATCH_TASK_DIR/../other/wd/f; echo x > $AZ_BATCH_NODE_SHARED_DIR/new'"
    node.contain("app", command, "--entrypoint /bin/sh")
    assert node.text() == "theirs\n"
    assert (node.root / "shared/new").read_text() == "x\n"


def test_listed_folders_only(isolated_node: Node) -> None:
    """A list of bind mounts hides the rest and their variables; isReadOnly is kept."""
    mounts = [{"source": "Task"}, {"source": "Shared", "isReadOnly": True}]
    command = "-c 'env | grep -c ^AZ_BATCH_.*_DIR=; touch $AZ_BATCH_NODE_SHARED_DIR/no; ls /mnt/batch/tasks; touch yes'"
    settings = {"containerHostBatchBindMounts": mounts}
    isolated_node.contain("app", command, "--entrypoint /bin/sh", settings=settings)
    assert isolated_node.text().splitlines() == ["3", "shared", "workitems"]
    assert "Read-only" in isolated_node.text("stderr.txt")
    assert not (isolated_node.root / "shared/no").exists()
    assert (isolated_node.folder / "wd/yes").exists()


def test_without_the_tasks_folder_the_image_must_decide_where_to_work(node: Node) -> None:
    """[] binds nothing; then only containerImageDefault is possible."""
    settings = {"containerHostBatchBindMounts": []}
    assert failure_code(node.contain("app", settings=settings)) == "ContainerInvalidSettings"
    settings["workingDirectory"] = "containerImageDefault"  # type: ignore[assignment]  # wire bodies mix types
    outcome = node.contain(
        "app", "-c 'pwd; env | grep -c ^AZ_BATCH_.*_DIR='", "--entrypoint /bin/sh", settings=settings
    )
    assert outcome.exit_code == 1
    assert [line[-4:] for line in node.text().splitlines()] == ["/app", "0"]


def test_a_source_of_bind_mounts_that_does_not_exist_is_named(process_node: Node) -> None:
    """A list entry outside the documented ones is refused by name."""
    outcome = process_node.contain("app", settings={"containerHostBatchBindMounts": [{"source": "Everything"}]})
    assert failure_code(outcome) == "ContainerInvalidSettings"
    assert "Everything" in str(outcome.failure)


def test_a_read_only_volume_cannot_be_written(isolated_node: Node) -> None:
    """ro and readonly are kept for -v and --mount alike."""
    options = "-v $AZ_BATCH_NODE_SHARED_DIR:/a:ro --mount type=bind,src=${AZ_BATCH_TASK_WORKING_DIR},dst=/b,readonly"
    isolated_node.contain("app", "-c 'touch /a/x; touch /b/x; ls -d /a /b'", f"{options} --entrypoint /bin/sh")
    assert isolated_node.text("stderr.txt").count("Read-only") == 2
    assert isolated_node.text() == "/a\n/b\n"


def test_a_single_file_can_be_bound(isolated_node: Node) -> None:
    """A file of the node appears at a place the host does not have."""
    (isolated_node.root / "shared").mkdir(parents=True)
    (isolated_node.root / "shared/conf").write_text("set\n")
    options = "-v $AZ_BATCH_NODE_SHARED_DIR/conf:/etc/app/deep/conf --entrypoint /bin/cat"
    isolated_node.contain("app", "/etc/app/deep/conf", options)
    assert isolated_node.text() == "set\n"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--privileged", "--privileged"),
        ("--gpus all", "--gpus"),
        ("--cap-add=SYS_ADMIN", "--cap-add"),
        ("-v", "-v has no value"),
        ("-v shared:/x", "shared:/x"),
        ("-v /no/such/folder:/x", "/no/such/folder"),
        ("--mount type=tmpfs,target=/x", "type=tmpfs"),
        ("--network container:other", "container:other"),
        ("--shm-size much", "much"),
        ("-w relative", "relative"),
        ("--entrypoint 'open", "split into words"),
    ],
)
def test_options_that_mean_nothing_here_are_refused_by_name(process_node: Node, options: str, named: str) -> None:
    """Nothing is quietly left out."""
    outcome = process_node.contain("app", "", options)
    assert failure_code(outcome) == "ContainerInvalidSettings"
    assert outcome.failure is not None
    assert named in outcome.failure.message


def test_an_image_that_is_not_in_the_file_cannot_be_pulled(node: Node) -> None:
    """The failure names the image and the file that would know it."""
    outcome = node.contain("registry.example/none")
    assert failure_code(outcome) == "ContainerInvalidImage"
    assert outcome.failure is not None
    assert outcome.failure.category == "usererror"
    assert "registry.example/none:latest" in outcome.failure.message
    assert str(node.images) in outcome.failure.message


def test_the_file_of_images_is_read_again_when_it_changes(process_node: Node) -> None:
    """An image added while the emulator runs can be used, names with ports and digests among them."""
    root = process_node.app.parent / "late"
    write_script(root / "late/run", "echo late\n")
    for name in ("127.0.0.1:5000/late", "late@sha256:0f"):
        assert failure_code(process_node.contain(name)) == "ContainerInvalidImage"
        process_node.add_image(name, root, cmd=["/late/run"])
        assert process_node.contain(name).failure is None
        assert process_node.text() == "late\n"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("{", "not valid"),
        (json.dumps({"images": {"x": {"root": "/", "colour": 1}}}), "colour"),
        ('{"images": {"x": {}}}', "root"),
    ],
)
def test_a_file_of_images_that_is_not_valid_fails_the_task(process_node: Node, text: str, named: str) -> None:
    """The failure says which file and what is wrong in it."""
    process_node.images.write_text(text)
    outcome = process_node.contain("x")
    assert failure_code(outcome) == "ContainerInvalidImage"
    assert outcome.failure is not None
    assert named in outcome.failure.message


def test_an_image_without_command_is_refused(process_node: Node) -> None:
    """Neither the image nor the task says what to run."""
    process_node.add_image("mute:1", process_node.app)
    assert failure_code(process_node.contain("mute:1")) == "ContainerInvalidSettings"


def test_what_a_container_writes_outside_its_folders_is_forgotten(isolated_node: Node) -> None:
    """The host keeps its files; with overlays the container may even think otherwise."""
    command = "-c 'echo x > /usr/share/intruder; echo x > /app/intruder; ls /usr/share/intruder'"
    isolated_node.contain("app", command, "--entrypoint /bin/sh")
    assert not Path("/usr/share/intruder").exists()
    assert not (isolated_node.app / "app/intruder").exists()
    written = isolated_node.text().strip() == "/usr/share/intruder"
    assert written == (isolated_node.execution.name == "unshare")


def test_a_complete_root_file_system(isolated_node: Node, tmp_path: Path) -> None:
    """base "root" shows the image's files and nothing of the host but the node's folders."""
    root = make_root(tmp_path / "whole")
    isolated_node.add_image("whole:1", root, base="root", workdir="/", env={"PATH": "/bin"})
    options = "-v $AZ_BATCH_TASK_WORKING_DIR:/batchdrop"
    command = "sh -c 'cat /etc/passwd; echo out > /batchdrop/f; cat /etc/debian_version /etc/shadow; pwd'"
    outcome = isolated_node.contain("whole:1", command, options)
    assert outcome.exit_code == 0, isolated_node.text("stderr.txt")
    assert isolated_node.text().splitlines()[1:] == [
        "analyst:x:1234:1234::/:/bin/sh",
        "/mnt/batch/tasks/workitems/job/job-1/t/wd",
    ]
    assert isolated_node.text("wd/f") == "out\n"
    assert not (root / "batchdrop").exists()


def test_a_complete_root_file_system_needs_a_runner_that_can_enter_it(process_node: Node, tmp_path: Path) -> None:
    """The process runner says so instead of running the wrong program."""
    process_node.add_image("whole:1", tmp_path, base="root", cmd=["/bin/sh"])
    outcome = process_node.contain("whole:1")
    assert failure_code(outcome) == "ContainerInvalidImage"
    assert "process" in str(outcome.failure)


def test_a_container_may_run_as_another_user(isolated_node: Node, tmp_path: Path) -> None:
    """--user takes numbers; names are those of the image's own /etc/passwd."""
    isolated_node.add_image("whole:1", make_root(tmp_path / "whole"), base="root", cmd=["/bin/id", "-u"])
    assert isolated_node.contain("whole:1", "", "--user 4321").failure is None
    assert isolated_node.text() == "4321\n"
    named = isolated_node.contain("whole:1", "", "--user analyst")
    if isolated_node.execution.name == "bwrap":
        assert failure_code(named) == "ContainerInvalidSettings"
    else:
        assert isolated_node.text() == "1234\n"


_CONNECT = "import socket,sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2); print('reached')"


def test_the_network_is_the_hosts_unless_there_is_to_be_none(isolated_node: Node) -> None:
    """Services on 127.0.0.1 can be reached, which local storage needs; --network none cuts everything off."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = f'-c "{_CONNECT}" {server.getsockname()[1]}'
        isolated_node.contain("app", command, "--entrypoint python3")
        assert isolated_node.text() == "reached\n"
        assert isolated_node.contain("app", command, "--network none --entrypoint python3").exit_code == 1


def test_no_network_is_more_than_a_plain_process_can_give(process_node: Node) -> None:
    """Isolation that is asked for and cannot be had is refused by name."""
    assert failure_code(process_node.contain("app", "", "--network none")) == "ContainerInvalidSettings"


def test_shared_memory_has_the_size_that_was_asked_for(isolated_node: Node) -> None:
    """64 MiB by default, --shm-size otherwise."""
    command = "-c 'df -k /dev/shm | tail -1'"
    for options, kib in (("", 64 * 1024), ("--shm-size 8m", 8 * 1024)):
        isolated_node.contain("app", command, f"{options} --entrypoint /bin/sh")
        assert int(isolated_node.text().split()[1]) == kib
