"""Resource files and output files when the storage behind them misbehaves."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.batch_emulator.execution import Outcome
from tests.batch_emulator.blob_server import BlobServer, serve_blobs
from tests.batch_emulator.node import Node, finished
from tests.batch_emulator.runners import executions, process_node

__all__ = ["executions", "process_node"]


@pytest.fixture
def blobs() -> Iterator[BlobServer]:
    """An empty blob server."""
    with serve_blobs() as server:
        yield server


def code(outcome: Outcome) -> tuple[str, str]:
    """Give category and code of a failure."""
    assert outcome.failure is not None
    return outcome.failure.category, outcome.failure.code


def resource(url: str, path: str = "f") -> dict[str, Any]:
    """A task's resource files: one, from a URL."""
    return {"resourceFiles": [{"httpUrl": url, "filePath": path}]}


def output(url: str, pattern: str, condition: str = "taskcompletion", **container: Any) -> dict[str, Any]:
    """A task's output files: one pattern."""
    entry = {
        "filePattern": pattern,
        "destination": {"container": {"containerUrl": url, **container}},
        "uploadOptions": {"uploadCondition": condition},
    }
    return {"outputFiles": [entry]}


def test_a_container_is_listed_page_by_page(process_node: Node, blobs: BlobServer) -> None:
    """All names of the prefix come, whole, below the given folder; folder markers are no files."""
    names = ["in/a", "in/b/c d+e%.txt", "in/b/ä&<", "in/d", "in/e", "out/x", "in/marker/"]
    blobs.blobs = {f"data/{name}": name.encode() for name in names}
    files = [{"storageContainerUrl": blobs.at("data"), "blobPrefix": "in/", "filePath": "ref"}]
    outcome = process_node.run("/usr/bin/find . -type f", resourceFiles=files)
    assert outcome.failure is None
    found = {line.removeprefix("./ref/") for line in process_node.text().splitlines()}
    assert found == {"in/a", "in/b/c d+e%.txt", "in/b/ä&<", "in/d", "in/e"}
    assert process_node.text("wd/ref/in/b/ä&<") == "in/b/ä&<"


def test_a_download_that_fails_for_a_moment_is_tried_again(process_node: Node, blobs: BlobServer) -> None:
    """503 and a broken connection are not the end; what arrives is whole."""
    blobs.blobs["data/f"] = b"x" * 100_000
    blobs.faults["data/f"] = [503, 0]
    assert process_node.run("/usr/bin/wc -c f", **resource(blobs.at("data/f"))).failure is None
    assert process_node.text() == "100000 f\n"


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ([404], ("usererror", "BlobNotFound")),
        ([403], ("usererror", "BlobAccessDenied")),
        ([409], ("usererror", "BlobAccessDenied")),
        ([400], ("servererror", "BlobDownloadMiscError")),
        ([500, 500, 500], ("servererror", "BlobDownloadMiscError")),
    ],
)
def test_a_download_that_fails_for_good(
    process_node: Node, blobs: BlobServer, faults: list[int], expected: tuple[str, str]
) -> None:
    """The command never runs, the code tells whose fault it was, and the signature is kept out of the message."""
    blobs.blobs["data/f"] = b"x"
    blobs.faults["data/f"] = list(faults)
    outcome = process_node.run("/bin/echo ran", **resource(blobs.at("data/f")))
    assert outcome.exit_code is None
    assert code(outcome) == expected
    assert "sig" not in str(outcome)
    assert ("BlobSource", f"{blobs.url}/data/f") in outcome.failure.details  # type: ignore[union-attr]  # code() saw it
    assert process_node.text() == ""
    assert len(blobs.requests) == len(faults)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, ("usererror", "ResourceContainerNotFound")),
        (403, ("usererror", "ResourceContainerAccessDenied")),
        (400, ("servererror", "ResourceContainerListMiscError")),
    ],
)
def test_a_container_that_cannot_be_listed(
    process_node: Node, blobs: BlobServer, status: int, expected: tuple[str, str]
) -> None:
    """The codes of containers differ from those of blobs."""
    blobs.faults["data"] = [status]
    files = [{"storageContainerUrl": blobs.at("data")}]
    assert code(process_node.run("/bin/true", resourceFiles=files)) == expected


@pytest.mark.parametrize("path", ["../out", "/etc/out", "a/../../out"])
def test_a_resource_file_stays_in_the_working_directory(process_node: Node, blobs: BlobServer, path: str) -> None:
    """A path that leads out is refused before anything is fetched."""
    outcome = process_node.run("/bin/true", **resource(blobs.at("data/f"), path))
    assert code(outcome) == ("servererror", "ResourceFileCreateFailed")
    assert blobs.requests == []


@pytest.mark.parametrize("given", [{"identityReference": {"resourceId": "x"}}, {"autoStorageContainerName": "x"}])
def test_ways_to_files_that_do_not_exist_here_are_refused_by_name(process_node: Node, given: dict[str, Any]) -> None:
    """An identity that the pool does not bear, and auto-storage, open nothing."""
    file = {"httpUrl": "http://127.0.0.1:9/a/b", "filePath": "b"} if "identityReference" in given else {}
    outcome = process_node.run("/bin/true", resourceFiles=[{**file, **given}])
    assert outcome.failure is not None
    assert next(iter(given)) in outcome.failure.message


def test_urls_of_other_kinds_are_refused(process_node: Node) -> None:
    """A file: URL would read the machine of the emulator."""
    outcome = process_node.run("/bin/true", **resource("file:///etc/passwd"))
    assert code(outcome) == ("servererror", "BlobDownloadMiscError")


def test_a_server_that_is_not_there(process_node: Node) -> None:
    """No answer at all is the server's fault."""
    outcome = process_node.run("/bin/true", **resource("http://127.0.0.1:9/x"))
    assert code(outcome) == ("servererror", "BlobDownloadMiscError")


def test_stop_ends_a_download(process_node: Node, blobs: BlobServer) -> None:
    """A task that is still fetching its files ends at once when it is told to."""
    blobs.blobs["data/f"] = b"x" * 10
    blobs.held.add("data/f")
    handle = process_node.start("/bin/echo ran", **resource(blobs.at("data/f")))
    while not blobs.requests:
        time.sleep(0.005)
    begun = time.monotonic()
    handle.stop()
    assert time.monotonic() - begun < 5
    assert finished(handle).exit_code is None


def test_an_upload_that_fails_for_a_moment_is_tried_again(process_node: Node, blobs: BlobServer) -> None:
    """503 twice is not the end."""
    blobs.faults["out/result"] = [503, 503]
    more = output(blobs.at("out"), "f", path="result")
    outcome = process_node.run("/bin/sh -c 'printf done > f'", **more)
    assert outcome.failure is None
    assert blobs.blobs["out/result"] == b"done"
    assert blobs.requests.count("PUT out/result") == 3
    assert process_node.text("fileuploadout.txt") == f"f -> {blobs.url}/out/result\n"


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ([404], ("usererror", "FileUploadContainerNotFound")),
        ([403], ("usererror", "FileUploadAccessDenied")),
        ([409], ("usererror", "FileUploadConflict")),
        ([400], ("servererror", "FileUploadMiscError")),
        ([500, 500, 500], ("servererror", "FileUploadMiscError")),
    ],
)
def test_an_upload_that_fails_for_good(
    process_node: Node, blobs: BlobServer, faults: list[int], expected: tuple[str, str]
) -> None:
    """The task has failed although its command went well; the exit code is kept."""
    blobs.faults["out/f"] = list(faults)
    outcome = process_node.run("/bin/sh -c 'echo done > f'", **output(blobs.at("out"), "f"))
    assert outcome.exit_code == 0
    assert code(outcome) == expected
    assert "sig" not in str(outcome)
    assert expected[1] in process_node.text("fileuploaderr.txt")


def test_an_exit_code_weighs_more_than_an_upload_that_failed(process_node: Node, blobs: BlobServer) -> None:
    """Only exit codes are retried, so a failed upload must not hide one."""
    blobs.faults["out/f"] = [403]
    outcome = process_node.run("/bin/sh -c 'echo x > f; exit 7'", **output(blobs.at("out"), "f", "taskfailure"))
    assert outcome.exit_code == 7
    assert code(outcome) == ("usererror", "FailureExitCode")


def test_an_output_by_managed_identity_is_refused_by_name(process_node: Node, blobs: BlobServer) -> None:
    """There are none here."""
    more = output(blobs.at("out"), "f", identityReference={"resourceId": "x"})
    outcome = process_node.run("/bin/sh -c 'echo x > f'", **more)
    assert code(outcome) == ("usererror", "FileUploadAccessDenied")
