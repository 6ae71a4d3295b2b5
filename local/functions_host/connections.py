"""From the `connection` of a binding to clients of a storage account."""

from typing import Any

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.functions_host.errors import Refused
from local.functions_host.settings import Settings

HOST_STORAGE = "AzureWebJobsStorage"
_PREFIX = "AzureWebJobs"
_DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
    "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1;"
)
# The SDK's own first pause is 15 s: far too long beside a poll of 100 ms.
_RETRIES: dict[str, Any] = {"retry_total": 3, "initial_backoff": 1, "increment_base": 2, "connection_timeout": 10}


class Connections:
    """Storage clients by connection name; an account named twice has one client."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._blobs: dict[str, BlobServiceClient] = {}
        self._queues: dict[str, QueueServiceClient] = {}

    def string(self, connection: str, where: str) -> str:
        """The connection string behind a name; Refused, naming `where`, when there is none.

        As in the host, an empty name is AzureWebJobsStorage and the prefix AzureWebJobs may be left out.
        """
        name = connection or HOST_STORAGE
        found = self._settings.get(_PREFIX + name) or self._settings.get(name)
        if found is None:
            raise Refused(f"{where}: {self._why_missing(name)}")
        if found.replace(" ", "").rstrip(";").lower() == "usedevelopmentstorage=true":
            return _DEVELOPMENT
        return found

    def _why_missing(self, name: str) -> str:
        forms = [key for key in self._settings.names() if key.startswith((f"{name}__", f"{_PREFIX}{name}__"))]
        if forms:
            names = ", ".join(sorted(forms))
            return f"{names}: identity-based connections are not available locally; set {name} to a connection string"
        return f"the connection {name} has no value; set {name} to a connection string"

    def blobs(self, connection: str, where: str) -> BlobServiceClient:
        """A blob client of the account behind a connection name."""
        string = self.string(connection, where)
        if string not in self._blobs:
            try:
                self._blobs[string] = BlobServiceClient.from_connection_string(string, **_RETRIES)
            except ValueError as error:
                raise Refused(f"{where}: {connection or HOST_STORAGE} is no connection string: {error}") from error
        return self._blobs[string]

    def queues(self, connection: str, where: str) -> QueueServiceClient:
        """A queue client of the account behind a connection name."""
        string = self.string(connection, where)
        if string not in self._queues:
            try:
                self._queues[string] = QueueServiceClient.from_connection_string(string, **_RETRIES)
            except ValueError as error:
                raise Refused(f"{where}: {connection or HOST_STORAGE} is no connection string: {error}") from error
        return self._queues[string]
