"""Resource files and output files against a real blob service."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.storage.blob import (
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    generate_container_sas,
)

from local.azurite import Azurite
from tests.batch_emulator.node import Node
from tests.batch_emulator.runners import executions, isolated_node, process_node

__all__ = ["executions", "isolated_node", "process_node"]


class Container:
    """A container of the test's own and a SAS to it."""

    def __init__(self, azurite: Azurite, client: ContainerClient) -> None:
        self.client = client
        self._azurite = azurite

    def url(self, blob: str = "", permission: str = "rlcw") -> str:
        """Give the URL of the container or of a blob, signed."""
        sas = generate_container_sas(
            self._azurite.account,
            self.client.container_name,
            account_key=self._azurite.key,
            permission=ContainerSasPermissions.from_string(permission),
            expiry=datetime.now(UTC) + timedelta(hours=1),
        )
        return f"{self.client.url}/{blob}?{sas}" if blob else f"{self.client.url}?{sas}"

    def texts(self) -> dict[str, str]:
        """Give all blobs."""
        return {name: self.client.download_blob(name).readall().decode() for name in self.client.list_blob_names()}

    def output(self, pattern: str, path: str = "", condition: str = "taskcompletion", **more: Any) -> dict[str, Any]:
        """Give an entry of a task's output files."""
        return {
            "filePattern": pattern,
            "destination": {"container": {"containerUrl": self.url(), "path": path, **more}},
            "uploadOptions": {"uploadCondition": condition},
        }


@pytest.fixture
def container(azurite: Azurite) -> Iterator[Container]:
    """A new container in Azurite."""
    with BlobServiceClient.from_connection_string(azurite.connection_string, api_version="2026-06-06") as service:
        client = service.create_container(f"runner-{uuid.uuid4().hex[:12]}")
        yield Container(azurite, client)
        client.delete_container()


pytestmark = pytest.mark.stack


def test_a_task_is_given_its_files_and_gives_its_results(isolated_node: Node, container: Container) -> None:
    """In by resource file, out by output file, the same paths inside the container on every node."""
    container.client.upload_blob("in/part 1.txt", b"3 1 2")
    resources = [{"httpUrl": container.url("in/part%201.txt"), "filePath": "input/part.txt", "fileMode": "0640"}]
    outcome = isolated_node.contain(
        "app",
        '-c \'tr " " "\\n" < /batchdrop/input/part.txt | sort > /batchdrop/out.txt; ls -l /batchdrop/input\'',
        "-v $AZ_BATCH_TASK_WORKING_DIR:/batchdrop --entrypoint /bin/sh",
        resourceFiles=resources,
        outputFiles=[container.output("out.txt", "results/00001", "tasksuccess")],
    )
    assert outcome.failure is None
    assert container.texts()["results/00001"] == "1\n2\n3\n"
    assert "-rw-r-----" in isolated_node.text()


def test_a_whole_container_can_be_a_resource(process_node: Node, container: Container) -> None:
    """Names with folders, blanks and signs arrive as they are."""
    for name in ("ref/a.txt", "ref/b/ü +%.txt", "other"):
        container.client.upload_blob(name, name.encode())
    files = [{"storageContainerUrl": container.url(), "blobPrefix": "ref/"}]
    assert process_node.run("/usr/bin/find . -type f", resourceFiles=files).failure is None
    assert set(process_node.text().splitlines()) == {"./ref/a.txt", "./ref/b/ü +%.txt"}


@pytest.mark.parametrize(("code", "kept"), [(0, {"ok", "always"}), (1, {"bad", "always"})])
def test_conditions_decide_what_goes_up(process_node: Node, container: Container, code: int, kept: set[str]) -> None:
    """tasksuccess, taskfailure and taskcompletion follow the exit code; what matches nothing is no failure."""
    outputs = [
        container.output("f", "ok", "tasksuccess"),
        container.output("f", "bad", "taskfailure"),
        container.output("f", "always", "taskcompletion"),
        container.output("missing.txt", "none"),
        container.output("missing/*.txt", "none"),
    ]
    process_node.run(f"/bin/sh -c 'echo x > f; exit {code}'", outputFiles=outputs)
    assert set(container.texts()) == kept


def test_logs_are_uploaded_from_beside_the_working_directory(process_node: Node, container: Container) -> None:
    """../std*.txt is the pattern for logs; variables of the task are understood."""
    outputs = [
        container.output("../std*.txt", "logs/1"),
        container.output("$AZ_BATCH_TASK_DIR/stdout.txt", "copy"),
        container.output("**/*.csv", "tables"),
    ]
    process_node.run("/bin/sh -c 'echo out; mkdir -p a/b; echo 1 > a/b/x.csv; echo 2 > y.csv'", outputFiles=outputs)
    assert container.texts() == {
        "logs/1/stdout.txt": "out\n",
        "logs/1/stderr.txt": "",
        "copy": "out\n",
        "tables/a/b/x.csv": "1\n",
        "tables/y.csv": "2\n",
    }


def test_headers_go_to_the_blob(process_node: Node, container: Container) -> None:
    """uploadHeaders set type and metadata."""
    headers = [{"name": "x-ms-blob-content-type", "value": "text/csv"}, {"name": "x-ms-meta-index", "value": "7"}]
    outputs = [container.output("f", "f", uploadHeaders=headers)]
    assert process_node.run("/bin/sh -c 'echo x > f'", outputFiles=outputs).failure is None
    properties = container.client.get_blob_client("f").get_blob_properties()
    assert properties.content_settings.content_type == "text/csv"
    assert properties.metadata == {"index": "7"}


def test_a_big_file_goes_up_in_blocks_and_comes_back_whole(process_node: Node, container: Container) -> None:
    """Above 64 MiB blocks are put and committed; headers reach the blob all the same."""
    headers = [{"name": "Content-Type", "value": "application/x-big"}]
    command = "/bin/sh -c 'head -c 67108865 /dev/zero > big; printf end >> big'"
    outcome = process_node.run(command, outputFiles=[container.output("big", "big", uploadHeaders=headers)])
    assert outcome.failure is None
    blob = container.client.get_blob_client("big")
    properties = blob.get_blob_properties()
    assert (properties.size, properties.content_settings.content_type) == (64 * 1024**2 + 4, "application/x-big")
    assert blob.download_blob(offset=64 * 1024**2 - 1).readall() == b"\0\0end"
    resources = [{"httpUrl": container.url("big"), "filePath": "back"}]
    process_node.run("/bin/sh -c 'cmp big back && echo same'", resourceFiles=resources)
    assert process_node.text() == "same\n"


def test_a_signature_that_does_not_allow_it(process_node: Node, container: Container) -> None:
    """A SAS without the right fails as access denied, both ways; a container that is gone is not found."""
    container.client.upload_blob("f", b"x")
    denied = process_node.run("/bin/true", resourceFiles=[{"httpUrl": container.url("f", "w"), "filePath": "f"}])
    assert denied.failure is not None
    assert denied.failure.code == "BlobAccessDenied"
    entry = container.output("../stdout.txt", "o", containerUrl=container.url(permission="r"))
    refused = process_node.run("/bin/echo x", outputFiles=[entry])
    assert refused.failure is not None
    assert (refused.exit_code, refused.failure.code) == (0, "FileUploadAccessDenied")
    gone = container.output("../stdout.txt", "o", containerUrl=container.url().replace("/runner-", "/gone-"))
    lost = process_node.run("/bin/echo x", outputFiles=[gone])
    assert lost.failure is not None
    assert lost.failure.code in {"FileUploadContainerNotFound", "FileUploadAccessDenied"}
