"""Queue functions: success, failure, poison, renewal, and hosts that die."""

import base64
import time

import pytest

from tests.functions_host.ground import Ground, RunningHost, wait_for

pytestmark = pytest.mark.stack


def _runs(ground: Ground, kind: str, number: int) -> list[dict[str, object]]:
    return [run for run in ground.seen(kind) if run["order"]["number"] == number]


def test_outputs_are_written_after_success(host: RunningHost, shared: Ground) -> None:
    """A queue output reaches the next function at once, a blob output takes its name from the message."""
    shared.send("work", {"number": 1, "kind": "plain"})
    wait_for(lambda: {"text": "done plain"} in shared.seen("replies"))
    copy = shared.blobs.get_blob_client(f"{shared.prefix}-seen", "copies/1-plain.txt")
    assert copy.download_blob().readall() == b"work"
    run = _runs(shared, "work", 1)[0]
    assert (run["count"], run["times"]) == (1, True)


def test_a_return_value_may_be_a_message(host: RunningHost, shared: Ground) -> None:
    """`$return` names a queue; the binary data type hands over bytes that are no text."""
    shared.send("questions", None, raw=base64.b64encode(b"\xff\x00").decode())
    wait_for(lambda: {"text": "you asked ff00"} in shared.seen("replies"))


def test_a_message_that_fails_five_times_is_poison(host: RunningHost, shared: Ground) -> None:
    """Each try counts up; nothing of a failed run's outputs is written; the message is kept as it was."""
    shared.send("work", {"number": 2, "kind": "fail"})
    wait_for(lambda: shared.length("work-poison"))
    assert [run["count"] for run in _runs(shared, "work", 2)] == [1, 2, 3, 4, 5]
    assert {"text": "done fail"} not in shared.seen("replies")


def test_a_message_that_is_not_base64_is_poison_at_once(ground: Ground) -> None:
    """No run sees it: the sender and host.json disagree about the encoding."""
    ground.start()
    ground.send("work", None, raw="{not base64}")
    wait_for(lambda: ground.length("work-poison"))
    assert ground.queue("work-poison").peek_messages()[0].content == "{not base64}"
    assert ground.seen("work") == []


def test_plain_text_is_taken_when_host_json_says_so(ground: Ground) -> None:
    """`messageEncoding: none`, given by an app setting as the real host allows."""
    ground.start(settings={"AzureFunctionsJobHost__extensions__queues__messageEncoding": "none"})
    ground.send("work", None, raw='{"number": 3, "kind": "plain"}')
    wait_for(lambda: ground.seen("replies"))
    assert ground.length("work") == 0


def test_a_result_without_a_binding_for_it_is_a_failure(host: RunningHost, shared: Ground) -> None:
    """As the real worker has it: a handler without $return must return None."""
    shared.send("answers", "?")
    wait_for(lambda: shared.length("answers-poison"))
    assert "non-None value without a $return binding" in host.program.printed()


def test_a_long_run_keeps_its_message(ground: Ground) -> None:
    """The message stays taken for as long as the function runs, however short its invisibility."""
    ground.start("--queue-invisibility", "2")
    ground.send("work", {"number": 4, "kind": "sleep", "seconds": 3.5})
    wait_for(lambda: ground.seen("worked"))
    wait_for(lambda: ground.length("work") == 0)
    assert len(ground.seen("work")) == 1


def test_a_killed_host_loses_nothing(ground: Ground) -> None:
    """After SIGKILL in mid-run the message comes back to the next host, counted as a second try."""
    first = ground.start("--queue-invisibility", "2")
    ground.send("work", {"number": 5, "kind": "sleep", "seconds": 1.5})
    wait_for(lambda: ground.seen("work"))
    first.program.kill()
    assert ground.seen("worked") == []
    ground.start()
    wait_for(lambda: ground.seen("worked"))
    assert [run["count"] for run in ground.seen("work")] == [1, 2]
    wait_for(lambda: ground.length("work") == 0)


def test_sigterm_lets_a_run_end(ground: Ground) -> None:
    """Exit code 0, the run finished, its message deleted, nothing new begun."""
    host = ground.start()
    ground.send("work", {"number": 6, "kind": "sleep", "seconds": 1.5})
    wait_for(lambda: ground.seen("work"))
    assert host.program.stop() == 0
    assert len(ground.seen("worked")) == 1
    assert ground.length("work") == 0


def test_sigterm_does_not_wait_for_ever(ground: Ground) -> None:
    """After the grace the process is gone, still with exit code 0; the message stays for the next host."""
    host = ground.start("--grace", "0.5")
    ground.send("work", {"number": 8, "kind": "sleep", "seconds": 30})
    wait_for(lambda: ground.seen("work"))
    began = time.monotonic()
    assert host.program.stop() == 0
    assert time.monotonic() - began < 10
    assert ground.length("work") == 1


def test_a_run_past_function_timeout_ends_the_process(ground: Ground) -> None:
    """Exit code 75 with the function's name in the log; its message, and that of its neighbour, are released."""
    settings = {"AzureFunctionsJobHost__functionTimeout": "00:00:02"}
    host = ground.start(settings=settings)
    for number in (9, 10):
        ground.send("work", {"number": number, "kind": "sleep", "seconds": 30})
        time.sleep(0.8)
    wait_for(lambda: host.program.exit_code is not None)
    assert host.program.exit_code == 75
    assert "functionTimeout of 2 s was passed by Functions.work" in host.program.printed()
    assert len(list(ground.queue("work").receive_messages(messages_per_page=2))) == 2
