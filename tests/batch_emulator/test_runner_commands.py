"""Commands on a node: how they start, what they see, how they end."""

import signal
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from local.batch_emulator.runner import NoRunner, choose_execution
from tests.batch_emulator.node import Node, await_end, await_start, finished, is_running, wait_for
from tests.batch_emulator.runners import any_node, executions, isolated_node, node, process_node

__all__ = ["any_node", "executions", "isolated_node", "node", "process_node"]


def test_a_command_runs_in_its_working_directory_and_its_output_is_kept(any_node: Node) -> None:
    """stdout.txt and stderr.txt hold what was said; wd is where the command stands."""
    outcome = any_node.run("/bin/sh -c 'pwd; echo aside >&2; echo made > here.txt'")
    assert (outcome.exit_code, outcome.failure, outcome.container_id) == (0, None, None)
    assert any_node.text().strip() == f"{any_node.seen_root}/workitems/job/job-1/t/wd"
    assert any_node.text("stderr.txt") == "aside\n"
    assert any_node.text("wd/here.txt") == "made\n"


@pytest.mark.parametrize(("command", "code"), [("/bin/sh -c 'exit 3'", 3), ("/bin/sh -c 'kill -9 $$; sleep 9'", 137)])
def test_a_command_that_fails_gives_its_exit_code(process_node: Node, command: str, code: int) -> None:
    """A failure of the command is the user's; death by signal n counts as 128 + n."""
    outcome = process_node.run(command)
    assert outcome.exit_code == code
    assert outcome.failure is not None
    assert (outcome.failure.category, outcome.failure.code) == ("usererror", "FailureExitCode")
    assert str(code) in outcome.failure.details[0][1]


def test_no_shell_is_started_unless_the_command_names_one(node: Node) -> None:
    """Variables and semicolons of a bare command line arrive as they are written."""
    node.run("/bin/echo $AZ_BATCH_TASK_ID ; 'two words'")
    assert node.text() == "$AZ_BATCH_TASK_ID ; two words\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("/no/such/program", "CommandProgramNotFound"),
        ("no-such-program", "CommandProgramNotFound"),
        ("/etc/passwd", "CommandLaunchFailed"),
        ("/bin/echo 'open", "CommandLaunchFailed"),
        ("", "CommandLaunchFailed"),
    ],
)
def test_a_command_that_cannot_start_has_no_exit_code(any_node: Node, command: str, code: str) -> None:
    """The failure tells a missing program from one that cannot be started."""
    outcome = any_node.run(command)
    assert outcome.exit_code is None
    assert outcome.failure is not None
    assert (outcome.failure.category, outcome.failure.code) == ("usererror", code)


def test_the_variables_of_a_task(node: Node) -> None:
    """AZ_BATCH_* name the account, pool, node, job and task, and folders that exist where they say."""
    node.run("/usr/bin/env", environment={"OWN": "line one\nline two", "AZ_BATCH_TASK_ID": "forged"})
    lines = node.text().splitlines()
    for expected in (
        "AZ_BATCH_ACCOUNT_NAME=acct",
        "AZ_BATCH_ACCOUNT_URL=https://acct.region.batch.azure.com",
        "AZ_BATCH_JOB_ID=job",
        "AZ_BATCH_TASK_ID=t",
        "AZ_BATCH_POOL_ID=pool-1",
        "AZ_BATCH_NODE_ID=tvm-1",
        "AZ_BATCH_NODE_IS_DEDICATED=false",
        f"AZ_BATCH_NODE_ROOT_DIR={node.seen_root}",
        f"AZ_BATCH_NODE_SHARED_DIR={node.seen_root}/shared",
        f"AZ_BATCH_NODE_STARTUP_DIR={node.seen_root}/startup",
        f"AZ_BATCH_NODE_MOUNTS_DIR={node.seen_root}/fsmounts",
        f"AZ_BATCH_TASK_DIR={node.seen_root}/workitems/job/job-1/t",
        f"AZ_BATCH_TASK_WORKING_DIR={node.seen_root}/workitems/job/job-1/t/wd",
        "OWN=line one",
        "line two",
    ):
        assert expected in lines
    assert not [line for line in lines if line.startswith("AZ_BATCH_JOB_PREP")]
    node.run("/bin/sh -c 'ls -d $AZ_BATCH_NODE_SHARED_DIR $AZ_BATCH_NODE_MOUNTS_DIR $AZ_BATCH_NODE_STARTUP_DIR'")
    assert len(node.text().splitlines()) == 3


def test_what_job_preparation_leaves_is_there_for_the_tasks(node: Node) -> None:
    """The preparation has a folder of its own that tasks find by AZ_BATCH_JOB_PREP_*; shared is shared."""
    node.run("/bin/sh -c 'echo ready > local; echo all > $AZ_BATCH_NODE_SHARED_DIR/f'", kind="jobpreparation")
    command = "/bin/sh -c 'cat $AZ_BATCH_JOB_PREP_WORKING_DIR/local $AZ_BATCH_NODE_SHARED_DIR/f'"
    node.run(command, job_preparation=True)
    assert node.text() == "ready\nall\n"
    assert (node.root / "workitems/job/job-1/jobpreparation/wd/local").exists()


def test_a_start_task_has_no_job(process_node: Node) -> None:
    """It works in the startup folder and knows neither job nor task."""
    process_node.run("/usr/bin/env", kind="start")
    text = (process_node.root / "startup/stdout.txt").read_text()
    assert f"AZ_BATCH_TASK_DIR={process_node.root}/startup" in text
    assert "AZ_BATCH_JOB_ID" not in text


def test_a_second_attempt_finds_what_the_first_left_and_starts_its_output_anew(process_node: Node) -> None:
    """Batch does not empty wd between attempts; stdout.txt begins again."""
    process_node.run("/bin/sh -c 'echo first; echo x > left; exit 1'")
    process_node.run("/bin/sh -c 'echo second; cat left'")
    assert process_node.text() == "second\nx\n"


def test_the_node_of_a_task_is_not_the_host_it_runs_on(isolated_node: Node) -> None:
    """Isolated commands see their own processes and their own /tmp only (save where Python itself lies there)."""
    with tempfile.NamedTemporaryFile(dir="/tmp") as ours:
        isolated_node.run("/bin/sh -c 'ls /tmp; touch /tmp/new; echo :; ls -d /proc/[0-9]* | wc -l'")
        temporary, processes = isolated_node.text().split(":")
        assert Path(ours.name).name not in temporary.split()
    assert int(processes) < 8


def test_stop_kills_everything_the_command_started(any_node: Node) -> None:
    """Children in sessions of their own and orphans die with it; stop returns when they are gone."""
    mark = f"{uuid.uuid4().int % 10**9 + 10**9}"
    handle = any_node.start(f"/bin/sh -c '(setsid sleep {mark} &) ; sleep {mark} & echo up; wait'")
    wait_for(any_node.folder / "stdout.txt")
    await_start(mark)
    handle.stop()
    assert not is_running(mark)
    assert finished(handle).exit_code is None


def test_what_a_command_leaves_behind_ends_with_it(any_node: Node) -> None:
    """A background process does not outlive its task."""
    mark = f"{uuid.uuid4().int % 10**9 + 10**9}"
    outcome = any_node.run(f"/bin/sh -c '(setsid sleep {mark} > /dev/null 2>&1 &); echo done'")
    assert outcome.exit_code == 0
    assert not is_running(mark)


def test_close_ends_all_that_runs(node: Node, tmp_path: Path) -> None:
    """Nothing is left running, and nothing can be started any more."""
    marks = [f"{uuid.uuid4().int % 10**9 + 10**9}" for _ in range(3)]
    own = replace(node, execution=choose_execution(None, tmp_path / "data", node.execution.name))
    for mark in marks:
        own.start(f"/bin/sh -c 'echo up; sleep {mark}'", task_id=mark)
        wait_for(node.root / f"workitems/job/job-1/{mark}/stdout.txt")
    own.execution.close()
    assert not any(map(is_running, marks))
    with pytest.raises(RuntimeError):
        own.start("/bin/true")


_EMULATOR = """
import sys, time
from pathlib import Path
from local.batch_emulator.execution import Launch
from local.batch_emulator.runner import choose_execution
name, folder, command = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
execution = choose_execution(None, folder / "data", name)
execution.start(Launch("task", "a", "https://a", "p", "n", True, folder / "node", "job", "t", 0,
                       {"commandLine": command}, {}, None, False))
time.sleep(60)
"""


def test_nothing_outlives_an_emulator_that_is_killed(any_node: Node, tmp_path: Path) -> None:
    """kill -9 leaves the emulator no moment to clean up; its commands end all the same."""
    mark = f"{uuid.uuid4().int % 10**9 + 10**9}"
    command = f"/bin/sh -c '(setsid sleep {mark} &) ; echo up; sleep {mark}'"
    words = [sys.executable, "-c", _EMULATOR, any_node.execution.name, str(tmp_path / "other"), command]
    with subprocess.Popen(words) as emulator:
        try:
            wait_for(tmp_path / "other/node/workitems/job/job-1/t/stdout.txt")
            await_start(mark)
        finally:
            emulator.send_signal(signal.SIGKILL)
    await_end(mark)


def test_many_commands_at_once(node: Node) -> None:
    """Sixteen tasks on one node keep their folders and outputs apart."""
    handles = [node.start(f"/bin/echo {index}", task_id=f"t{index}") for index in range(16)]
    assert [finished(handle).exit_code for handle in handles] == [0] * 16
    for index in range(16):
        assert (node.root / f"workitems/job/job-1/t{index}/stdout.txt").read_text() == f"{index}\n"


def test_start_returns_at_once(process_node: Node) -> None:
    """A handle is given while the command has yet to begin, and says nothing until it ended."""
    begun = time.monotonic()
    handle = process_node.start("/bin/sleep 1")
    assert time.monotonic() - begun < 1
    assert handle.poll() is None
    assert finished(handle).failure is None


def test_a_runner_that_does_not_work_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for by name, there is no quiet substitute; unknown names are told from those that fail."""
    with pytest.raises(NoRunner, match="BATCH_EMULATOR_RUNNER=magic is not one of podman, docker"):
        choose_execution(None, tmp_path, "magic")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("BATCH_EMULATOR_RUNNER", "podman")
    with pytest.raises(NoRunner, match="podman does not work here: there is no program podman"):
        choose_execution(None, tmp_path)


def test_without_a_wish_the_first_runner_that_works_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name says which it is; a machine without any engine still has processes."""
    monkeypatch.delenv("BATCH_EMULATOR_RUNNER", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin" if not Path("/usr/bin/podman").exists() else str(tmp_path))
    execution = choose_execution(None, tmp_path / "data")
    assert execution.name.split("+")[0] in {"podman", "docker", "unshare", "bwrap", "process"}
    execution.close()
