"""The whole stack, with a small function app in the place of the real one."""

import http.client
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AzureKeyCredential, AzureNamedKeyCredential
from azure.eventgrid import EventGridEvent, EventGridPublisherClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.azurite import KEY
from local.program import NotReady
from local.stack import STANDARD, Stack
from local.stack.endpoints import Endpoints
from local.stack.keys import StackKeys
from local.stack.ports import PortTaken, StackPorts, check_free
from local.stack.settings import Facts, app_settings
from local.stack.storage import prepare_storage
from shared.settings import read_settings

pytestmark = pytest.mark.stack
APP = Path(__file__).parent / "app"


def within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the stack of this module has said."""
    return []


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, said: list[str]) -> Iterator[Stack]:
    """A running stack."""
    with Stack(tmp_path_factory.mktemp("stack"), app=APP, say=said.append) as running:
        yield running


def get(stack: Stack, path: str) -> tuple[int, str]:
    """Status and body of a request to the function app."""
    connection = http.client.HTTPConnection(stack.endpoints.host.removeprefix("http://"), timeout=20)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def answers(stack: Stack) -> bool:
    """Whether the function app answers."""
    try:
        return get(stack, "/api/secret/storage-key")[0] == 200
    except OSError:
        return False


def test_the_app_reads_the_vault_with_its_settings_alone(stack: Stack) -> None:
    """Inside the Functions host an untouched DefaultAzureCredential opens the vault, filled with the three keys."""
    status, storage_key = get(stack, "/api/secret/storage-key")
    assert (status, storage_key) == (200, stack.storage.split("AccountKey=")[1].split(";")[0])
    assert get(stack, "/api/secret/batch-key")[0] == 200
    assert get(stack, "/api/secret/topic-key")[0] == 200


def test_drop_box_and_queue_are_there(stack: Stack) -> None:
    """A person can drop at once: containers and queue exist."""
    with BlobServiceClient.from_connection_string(stack.storage) as blobs:
        there = {each.name for each in blobs.list_containers()}
    assert {"jobs", "status", "results", "batchdrop", "data", "reference"} <= there
    with QueueServiceClient.from_connection_string(stack.storage) as queues:
        assert "batchdrop-wake" in {each.name for each in queues.list_queues()}


@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # azure-batch, from Python 3.12 on
def test_the_batch_account_answers_the_real_client(stack: Stack) -> None:
    """Endpoint, account and the vault's key are enough for the Batch SDK."""
    account = stack.settings["BATCHDROP_BATCH_ACCOUNT"]
    key = get(stack, "/api/secret/batch-key")[1]
    with BatchClient(stack.settings["BATCHDROP_BATCH_ENDPOINT"], AzureNamedKeyCredential(account, key)) as batch:
        assert list(batch.list_pools()) == []


def test_an_event_reaches_the_function(stack: Stack) -> None:
    """What is published to the topic with the vault's key runs the subscribed function."""
    key = get(stack, "/api/secret/topic-key")[1]
    event = EventGridEvent("jobs/bd-1", "Batchdrop.Job.TasksEnded", {"job": "bd-1"}, "1")
    with EventGridPublisherClient(stack.settings["BATCHDROP_TOPIC"], AzureKeyCredential(key)) as topic:
        topic.send(event)
    with BlobServiceClient.from_connection_string(stack.storage) as blobs:
        blob = blobs.get_blob_client("data", f"events/{event.id}")
        assert within(20, blob.exists)
        assert blob.download_blob().readall() == b"jobs/bd-1"


def test_a_killed_host_comes_back(stack: Stack, said: list[str]) -> None:
    """The host alone can be killed; it is started again, says so, and answers at the same address."""
    before = stack.host_pid
    stack.kill_host()
    assert within(30, lambda: stack.host_pid not in (None, before) and answers(stack))
    assert any(line.startswith("functions host ended with -9") for line in said)
    assert stack.ended() is None


def test_the_host_can_be_restarted_on_purpose(stack: Stack) -> None:
    """A restart returns when the new host is ready."""
    before = stack.host_pid
    stack.restart_host()
    assert stack.host_pid not in (None, before)
    assert answers(stack)


def test_storage_comes_back_with_what_it_had(stack: Stack) -> None:
    """Azurite alone can be stopped and started: same addresses, same blobs, and the stack has not ended for it; what a
    start prepares may be there already, as it is when a stack is started anew in the same folder."""
    with BlobServiceClient.from_connection_string(stack.storage, retry_total=3) as blobs:
        blob = blobs.get_blob_client("data", "kept.txt")
        blob.upload_blob(b"kept")
        stack.stop_storage()
        port = int(stack.endpoints.blob.split(":")[2].split("/")[0])
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
        assert stack.ended() is None
        stack.start_storage()
        assert blob.download_blob().readall() == b"kept"
    assert stack.ended() is None
    prepare_storage(stack.storage)


def test_the_environment_file_gives_a_shell_the_same(stack: Stack) -> None:
    """Every setting is in local.env, which nobody else may read."""
    text = stack.layout.environment.read_text()
    for name in (*stack.settings, "AZURE_STORAGE_CONNECTION_STRING", "AZURE_BATCH_ACCESS_KEY"):
        assert f"export {name}=" in text
    assert stack.layout.environment.stat().st_mode & 0o077 == 0


def test_nothing_is_left_after_the_block(tmp_path: Path) -> None:
    """After the block no port answers, and a dead service was noticed before."""
    with Stack(tmp_path, app=APP, host="local", keep_host=False) as stack:
        urls = stack.endpoints.named()
        programs = [program.pid for program in stack._programs]
        os.kill(programs[-1], signal.SIGKILL)
        assert within(5, lambda: stack.ended() is not None)
        assert "batch emulator ended with -9" in str(stack.ended())
        stack.kill_host()
        assert not within(1, lambda: stack.host_pid is not None)
    for name, url in urls.items():
        port = int(url.split(":")[2].split("/")[0])
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, name


def test_a_start_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """When the last service cannot start, its own words are the error and the first ones are stopped again."""
    empty = tmp_path / "empty"
    empty.mkdir()
    stack = Stack(tmp_path / "stack", app=empty)
    with pytest.raises(NotReady, match=r"host\.json"):
        stack.start()
    with socket.socket() as probe:
        port = int(stack.endpoints.blob.split(":")[2].split("/")[0])
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    assert not stack.layout.environment.exists()


def test_in_identity_mode_no_key_is_named_or_kept(tmp_path: Path) -> None:
    """The app reads these settings as identity mode, and the vault holds neither Batch's key nor the storage's."""
    keys = StackKeys(storage=KEY)
    secure = "https://127.0.0.1:3"
    endpoints = Endpoints("b", "q", "t", "http://127.0.0.1:1", "https://127.0.0.1:2", "i", "http://t", "h", secure)
    account = f"AccountName=devstoreaccount1;AccountKey={KEY}"
    settings = read_settings(app_settings(Facts(account, endpoints, keys, tmp_path, "identity")))
    assert settings.identity is not None
    assert (settings.identity.arm_endpoint, settings.batch_endpoint) == (secure, secure)
    assert not {keys.batch, KEY} & set(keys.vault("identity").values())


def test_a_taken_port_is_named_with_its_fix() -> None:
    """A port in use is an error that names it, its service and the way out."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"port {port} \(vault\).*--ports free"):
            check_free(StackPorts(vault=port))


def test_standard_ports_are_the_documented_ones() -> None:
    """Azurite and Core Tools keep the ports that everybody expects of them."""
    assert (STANDARD.blob, STANDARD.queue, STANDARD.table, STANDARD.host) == (10000, 10001, 10002, 7071)
