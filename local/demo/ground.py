"""The services of the demo's stack, reached by the real SDKs, as any user would."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobServiceClient, ContentSettings

from local.stack import Stack


@dataclass(frozen=True)
class Ground:
    """Storage and Batch of a running stack."""

    blobs: BlobServiceClient
    batch: BatchClient

    def upload(self, path: str, content: bytes | Path, content_type: str = "text/plain") -> None:
        """Write `container/blob`."""
        blob = self._blob(path)
        settings = ContentSettings(content_type=content_type)
        if isinstance(content, bytes):
            blob.upload_blob(content, overwrite=True, content_settings=settings)
            return
        with content.open("rb") as source:
            blob.upload_blob(source, overwrite=True, content_settings=settings)

    def download(self, path: str) -> bytes | None:
        """The content of `container/blob`, None where there is none."""
        try:
            return self._blob(path).download_blob().readall()
        except ResourceNotFoundError:
            return None

    def containers(self) -> list[str]:
        """The names of all containers."""
        return sorted(container.name for container in self.blobs.list_containers())

    def pools(self) -> list[str]:
        """The ids of all pools."""
        return sorted(pool.id for pool in self.batch.list_pools())

    def jobs(self) -> list[str]:
        """The ids of all Batch jobs, those that are over included."""
        return sorted(job.id for job in self.batch.list_jobs())

    def _blob(self, path: str) -> BlobClient:
        container, _, name = path.partition("/")
        return self.blobs.get_blob_client(container, name)


@contextmanager
def open_ground(stack: Stack) -> Iterator[Ground]:
    """Clients for the stack's services, closed after the block."""
    given = read_environment(stack.layout.environment)
    credential = AzureNamedKeyCredential(given["AZURE_BATCH_ACCOUNT"], given["AZURE_BATCH_ACCESS_KEY"])
    with (
        BlobServiceClient.from_connection_string(given["AZURE_STORAGE_CONNECTION_STRING"], retry_total=3) as blobs,
        BatchClient(given["AZURE_BATCH_ENDPOINT"], credential, retry_total=3) as batch,
    ):
        yield Ground(blobs, batch)


def read_environment(path: Path) -> dict[str, str]:
    """The names and values that a stack leaves for shells and tools."""
    exports = (shlex.split(line)[1] for line in path.read_text().splitlines())
    return {name: value for name, _, value in (export.partition("=") for export in exports)}
