"""Blob functions of both sources."""

import base64
import json

import pytest

from tests.functions_host.ground import Ground, RunningHost, wait_for

pytestmark = pytest.mark.stack
_POISON = "webjobs-blobtrigger-poison"


def _runs(ground: Ground, kind: str, name: str) -> list[str]:
    return [run["text"] for run in ground.seen(kind) if run["name"] == f"{ground.prefix}-drop/{name}"]


def _event(ground: Ground, name: str) -> dict[str, object]:
    url = f"https://any.blob.core.windows.net/{ground.prefix}-drop/{name}"
    return {"id": "1", "eventType": "Microsoft.Storage.BlobCreated", "data": {"url": url, "eTag": "0x1"}}


def test_a_scan_runs_each_version_once(host: RunningHost, shared: Ground) -> None:
    """A name with a folder fits `{name}`; a new version is a new run; another suffix is none."""
    shared.drop("a/one.csv", "other")
    shared.drop("a/one.txt", "first", metadata={"by": "me"})
    wait_for(lambda: _runs(shared, "scanned", "a/one.txt"))
    shared.drop("a/one.txt", "second")
    wait_for(lambda: len(_runs(shared, "scanned", "a/one.txt")) == 2)
    assert _runs(shared, "scanned", "a/one.txt") == ["first", "second"]
    run = next(run for run in shared.seen("scanned") if run["text"] == "first")
    assert (run["length"], run["metadata"]) == (5, {"by": "me"})
    assert run["uri"].endswith(f"/{shared.prefix}-drop/a/one.txt")
    assert _runs(shared, "scanned", "a/one.csv") == []


def test_a_restart_does_not_run_old_blobs_again(ground: Ground) -> None:
    """Receipts outlive a killed host: only what came meanwhile is run."""
    first = ground.start()
    ground.drop("old.txt", "old")
    wait_for(lambda: _runs(ground, "scanned", "old.txt"))
    first.program.kill()
    ground.drop("new.txt", "new")
    ground.start()
    wait_for(lambda: _runs(ground, "scanned", "new.txt"))
    assert _runs(ground, "scanned", "old.txt") == ["old"]


def test_a_blob_that_fails_five_times_is_poison(ground: Ground) -> None:
    """Five tries in quick succession, then one message that names the blob."""
    ground.start()
    before = ground.length(_POISON)
    ground.drop("bad.txt", "fail")
    wait_for(lambda: ground.length(_POISON) > before)
    assert _runs(ground, "scanned", "bad.txt") == ["fail"] * 5
    texts = [base64.b64decode(message.content) for message in ground.queue(_POISON).peek_messages(32)]
    assert any(json.loads(text)["ContainerName"] == f"{ground.prefix}-drop" for text in texts)


def test_a_message_for_a_replaced_version_is_dropped(ground: Ground) -> None:
    """The scan's message for an old ETag runs nothing; the version that is there runs once."""
    ground.drop("twice.txt", "now")
    message = {
        "FunctionId": "Host.Functions.scanned",
        "ContainerName": f"{ground.prefix}-drop",
        "BlobName": "twice.txt",
    }
    ground.send(f"azure-webjobs-blobtrigger-{ground.prefix}", message | {"ETag": "0xOLD"})
    host = ground.start()
    wait_for(lambda: "has changed" in host.program.printed())
    wait_for(lambda: _runs(ground, "scanned", "twice.txt"))
    assert _runs(ground, "scanned", "twice.txt") == ["now"]


@pytest.mark.parametrize(
    ("function", "name", "text"),
    [("scanned", "gone.txt", "there is no blob"), ("nobody", "x.txt", "there is no blob function")],
)
def test_a_message_without_its_blob_or_function_is_dropped(
    host: RunningHost, shared: Ground, function: str, name: str, text: str
) -> None:
    """Deleted before the run, or renamed function: logged, and the message is gone."""
    message = {"FunctionId": f"Host.Functions.{function}", "ContainerName": f"{shared.prefix}-drop", "BlobName": name}
    shared.send(f"azure-webjobs-blobtrigger-{shared.prefix}", message | {"ETag": "0x1"})
    wait_for(lambda: text in host.program.printed())
    wait_for(lambda: shared.length(f"azure-webjobs-blobtrigger-{shared.prefix}") == 0)


def test_an_event_delivered_twice_runs_twice(host: RunningHost, shared: Ground) -> None:
    """The webhook keeps no receipts and asks for no ETag; it answers 202 before anything has run."""
    shared.drop("event me.json", "e")
    for _ in range(2):
        path = "blobs?functionName=Host.Functions.pushed"
        assert host.events(path, [_event(shared, "event%20me.json")]).status_code == 202
    wait_for(lambda: len(_runs(shared, "pushed", "event me.json")) == 2)


def test_a_blob_function_runs_by_hand(host: RunningHost, shared: Ground) -> None:
    """With `container/blob` as input; a blob that is not there is refused."""
    shared.drop("hand.json", "h")
    given = {"input": f"{shared.prefix}-drop/hand.json"}
    assert host.call("POST", "/admin/functions/pushed", json=given).status_code == 202
    wait_for(lambda: _runs(shared, "pushed", "hand.json"))
    assert host.call("POST", "/admin/functions/pushed", json={"input": "no/blob"}).status_code == 400
