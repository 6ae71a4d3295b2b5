"""host.json, local.settings.json, settings and connections."""

import json
from pathlib import Path

import pytest

from local.functions_host.connections import Connections
from local.functions_host.errors import Refused
from local.functions_host.host_config import HostConfig, read_host_config
from local.functions_host.host_id import read_host_id
from local.functions_host.retries import read_policy
from local.functions_host.settings import Settings, fill_environment, read_local_settings


def _config(folder: Path, document: object, **settings: str) -> HostConfig:
    (folder / "host.json").write_text(json.dumps(document))
    return read_host_config(folder, Settings(settings))


def test_the_defaults_are_the_hosts_own(tmp_path: Path) -> None:
    """With nothing but a version: 16 messages, 5 tries, a minute of polling, half an hour of running."""
    config = _config(tmp_path, {"version": "2.0"})
    queues = config.queues
    assert (queues.batch_size, queues.max_dequeue_count, queues.max_polling_interval) == (16, 5, 60)
    assert (queues.visibility_timeout, queues.message_encoding, queues.invisibility) == (0, "base64", 600)
    assert (config.function_timeout, config.route_prefix, config.listener_lock_period) == (1800, "api", 60)


def test_what_host_json_says(tmp_path: Path) -> None:
    """Keys do not mind case; an app setting wins over the file."""
    queues = {"BatchSize": 4, "newBatchThreshold": 2, "visibilityTimeout": "00:00:30"}
    document = {
        "version": "2.0",
        "functionTimeout": "-1",
        "extensions": {"queues": queues, "http": {"routePrefix": ""}},
    }
    config = _config(tmp_path, document, AzureFunctionsJobHost__extensions__queues__batchSize="1")
    assert (config.queues.batch_size, config.queues.new_batch_threshold, config.queues.visibility_timeout) == (1, 2, 30)
    assert (config.function_timeout, config.route_prefix) == (None, "")


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "version must be"),
        ([], "must hold an object"),
        ({"version": "2.0", "retry": {}}, "retry is not supported"),
        ({"version": "2.0", "customHandler": {}}, "customHandler is not supported"),
        ({"version": "2.0", "extensions": {"serviceBus": {}}}, "extensions.serviceBus is not supported"),
        (
            {"version": "2.0", "extensions": {"queues": {"batchSise": 1}}},
            "extensions.queues.batchSise is not supported",
        ),
        ({"version": "2.0", "extensions": {"queues": {"batchSize": 0}}}, "extensions.queues.batchSize must be"),
        ({"version": "2.0", "functionTimeout": "5 min"}, "functionTimeout: '5 min' is no time span"),
        ({"version": "2.0", "concurrency": {"dynamicConcurrencyEnabled": True}}, "dynamicConcurrencyEnabled"),
        ({"version": "2.0", "singleton": {"listenerLockPeriod": "00:02:00"}}, "listenerLockPeriod must be"),
    ],
)
def test_what_host_json_may_not_say(tmp_path: Path, document: object, text: str) -> None:
    """A wrong or unknown key is named by its path."""
    with pytest.raises(Refused, match=text.replace(".", r"\.")):
        _config(tmp_path, document)


def test_the_environment_wins_over_the_settings_file(tmp_path: Path) -> None:
    """As with Core Tools: the file fills gaps only."""
    file = tmp_path / "local.settings.json"
    file.write_text(
        json.dumps({"IsEncrypted": False, "Values": {"A": "file", "B": "file"}, "Host": {"LocalHttpPort": 1}})
    )
    environment = {"A": "shell"}
    fill_environment(read_local_settings(file), environment)
    assert environment == {"A": "shell", "B": "file"}


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"IsEncrypted": True}, "IsEncrypted"),
        ({"Values": {"A": 1}}, "Values.A must be strings"),
        ({"ConnectionStrings": {}}, "ConnectionStrings is not supported"),
        ({"Host": {"CORS": "*"}}, "Host.CORS is not supported"),
        ([], "must hold a JSON object"),
    ],
)
def test_what_a_settings_file_may_not_hold(tmp_path: Path, document: object, text: str) -> None:
    """What would be ignored is refused."""
    (tmp_path / "s.json").write_text(json.dumps(document))
    with pytest.raises(Refused, match=text):
        read_local_settings(tmp_path / "s.json")


def test_percent_names_are_settings() -> None:
    """Anywhere in a property; a missing one is named with its place."""
    settings = Settings({"NAME": "x", "EMPTY": ""})
    assert settings.resolve("a-%NAME%/b%NAME%", "f.q") == "a-x/bx"
    with pytest.raises(Refused, match=r"f\.q: %EMPTY% has no value"):
        settings.resolve("%EMPTY%", "f.q")


@pytest.mark.parametrize("name", ["AzureWebJobs.one.Disabled", "AzureWebJobs_one_Disabled"])
def test_a_function_is_disabled_by_a_setting(name: str) -> None:
    """With dots, or with the underscores that Linux shells allow."""
    assert Settings({name: "True"}).is_disabled("one")
    assert not Settings({name: "false"}).is_disabled("one")
    assert not Settings({name: "true"}).is_disabled("two")


_ACCOUNT = "DefaultEndpointsProtocol=http;AccountName={};AccountKey=a2V5;BlobEndpoint=http://127.0.0.1:1/{}"


def test_a_connection_is_found_as_the_host_does() -> None:
    """The prefix AzureWebJobs is implied, an empty name is the host's storage, and the emulator has a short form."""
    values = {"AzureWebJobsOne": _ACCOUNT.format("one", "one"), "Two": _ACCOUNT.format("two", "two")}
    connections = Connections(Settings({**values, "AzureWebJobsStorage": "UseDevelopmentStorage=true;"}))
    found = [connections.blobs(name, "f.b") for name in ("One", "Two", "", "Storage")]
    assert [client.account_name for client in found] == ["one", "two", "devstoreaccount1", "devstoreaccount1"]
    assert found[2] is found[3]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "the connection X has no value"),
        ({"X__blobServiceUri": "https://x"}, "X__blobServiceUri: identity-based connections are not available locally"),
        ({"AzureWebJobsX__accountName": "x"}, "AzureWebJobsX__accountName: identity-based"),
        ({"X": "nonsense"}, "X is no connection string"),
    ],
)
def test_a_connection_that_cannot_be_used_is_named(values: dict[str, str], text: str) -> None:
    """With the binding that asks for it."""
    with pytest.raises(Refused, match=f"f.b: {text}"):
        Connections(Settings(values)).blobs("X", "f.b")


def test_the_host_id_is_stable(tmp_path: Path) -> None:
    """The same folder gives the same id after a restart; the setting wins, if it is a valid one."""
    assert read_host_id(tmp_path, Settings({})) == read_host_id(tmp_path, Settings({}))
    assert read_host_id(tmp_path, Settings({})) != read_host_id(tmp_path / "x", Settings({}))
    assert len(read_host_id(tmp_path, Settings({}))) <= 32
    assert read_host_id(tmp_path, Settings({"AzureFunctionsWebHost__hostid": "mine-1"})) == "mine-1"
    with pytest.raises(Refused, match="hostid"):
        read_host_id(tmp_path, Settings({"AzureFunctionsWebHost__hostid": "Not Valid"}))


def test_retry_pauses() -> None:
    """Fixed ones are equal, exponential ones double up to the maximum; -1 repeats for ever."""
    fixed = read_policy({"strategy": "fixed_delay", "max_retry_count": "2", "delay_interval": "00:00:05"}, "f")
    assert fixed is not None
    assert [fixed.pause(n) for n in range(2)] == [5, 5]
    assert [fixed.allows(n) for n in range(3)] == [True, True, False]
    spans = {"minimum_interval": "00:00:01", "maximum_interval": "00:00:05"}
    growing = read_policy({"strategy": "exponential_backoff", "max_retry_count": "-1", **spans}, "f")
    assert growing is not None
    assert [growing.pause(n) for n in (0, 1, 2, 3, 900)] == [1, 2, 4, 5, 5]
    assert growing.allows(10**6)


@pytest.mark.parametrize(
    "raw",
    [
        {"strategy": "fixed_delay", "max_retry_count": "2"},
        {"strategy": "exponential_backoff", "max_retry_count": "2", "minimum_interval": "00:00:01"},
        {"strategy": "fixed_delay", "delay_interval": "00:00:01"},
        {"strategy": "other", "max_retry_count": "2"},
    ],
)
def test_a_retry_policy_the_host_would_not_start_with(raw: dict[str, str]) -> None:
    """Each strategy needs its own spans."""
    with pytest.raises(Refused, match="f: retry"):
        read_policy(raw, "f")
