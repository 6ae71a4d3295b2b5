"""A storage account as the SDK sees it: clients, addresses, signatures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from shared.azure.line import NETWORK, Line
from shared.errors import Defect, Refused
from shared.names import leads_elsewhere
from shared.settings import StorageAccount

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobServiceClient, ContainerClient

POLICY = "batchdrop"
"""The one stored access policy of a job container; what is signed by it dies with it."""
CHUNK = 4 * 1024 * 1024
STORAGE_SCOPE = "https://storage.azure.com/.default"
SOURCE_READABLE = timedelta(minutes=15)
"""How long an address holds that is given to the service as a source: longer than one request with its repetitions."""


class BlobAccount:
    """Thread-safe: nothing changes after construction. `key` answers the account key and is asked only when something
    is signed; without it nothing can be signed. An account without a connection string is asked by identity."""

    def __init__(self, at: StorageAccount, key: Callable[[], str] | None = None, by: Line = NETWORK) -> None:
        from shared.azure.transport import storage_options

        self._key = key
        self._by = by
        self._transport = by.open()
        self._options: dict[str, Any] = {**storage_options(self._transport), "max_chunk_get_size": CHUNK}
        self.service = self._make_service(at)
        self.name = self.service.account_name or at.name
        self.endpoint = self.service.primary_endpoint.rstrip("/")

    def close(self) -> None:
        self._transport.close()

    def blob(self, container: str, name: str) -> BlobClient:
        """A client of its own pipeline: one derived from the service client would not sleep by our transport.

        Refused for a name with `.` or `..` between slashes: on its way it would become another blob's, even another
        container's, as HTTP clients resolve such steps.
        """
        from azure.storage.blob import BlobClient

        check_steps(container, name)
        return BlobClient(self.endpoint, container, name, credential=self.service.credential, **self._options)

    def container(self, name: str) -> ContainerClient:
        from azure.storage.blob import ContainerClient

        return ContainerClient(self.endpoint, name, credential=self.service.credential, **self._options)

    def url(self, container: str, name: str = "") -> str:
        check_steps(container, name)
        return f"{self.endpoint}/{container}" + (f"/{quote(name, safe='~/')}" if name else "")

    def signed_by_policy(self, container: str, name: str = "") -> str:
        from azure.storage.blob import generate_blob_sas, generate_container_sas

        if name:
            token = generate_blob_sas(self.name, container, name, account_key=self._signing_key(), policy_id=POLICY)
        else:
            token = generate_container_sas(self.name, container, account_key=self._signing_key(), policy_id=POLICY)
        return f"{self.url(container, name)}?{token}"

    def signed_read(self, container: str, name: str, until: datetime) -> str:
        from azure.storage.blob import generate_blob_sas, generate_container_sas

        key = self._signing_key()
        if name:
            token = generate_blob_sas(self.name, container, name, account_key=key, permission="r", expiry=until)
        else:
            token = generate_container_sas(self.name, container, account_key=key, permission="rl", expiry=until)
        return f"{self.url(container, name)}?{token}"

    def readable(self, container: str, name: str) -> tuple[str, str | None]:
        """How the service itself may read a blob as the source of a request: (address, Authorization of it).

        A signature wherever there is a key, which Azurite asks for; a token, made out to the service, where there is
        none.
        """
        key = self._key() if self._key else getattr(self.service.credential, "account_key", None)
        if key is None:
            token = self.service.credential.get_token(STORAGE_SCOPE).token
            return self.url(container, name), f"Bearer {token}"
        from azure.storage.blob import BlobSasPermissions, generate_blob_sas

        reading, until = BlobSasPermissions(read=True), self._by.clock.now() + SOURCE_READABLE
        signed = generate_blob_sas(self.name, container, name, account_key=key, permission=reading, expiry=until)
        return f"{self.url(container, name)}?{signed}", None

    @property
    def signs(self) -> bool:
        """Was a key given, so that addresses can be signed?"""
        return self._key is not None

    def _signing_key(self) -> str:
        if self._key is None:
            raise Defect(f"storage account {self.name}: an address is to be signed, but no key was given")
        return self._key()

    def _make_service(self, at: StorageAccount) -> BlobServiceClient:
        from azure.storage.blob import BlobServiceClient

        if at.connection_string:
            return BlobServiceClient.from_connection_string(at.connection_string, **self._options)
        return BlobServiceClient(at.blob_uri or "", credential=self._by.identity(), **self._options)


def check_steps(container: str, name: str) -> None:
    if leads_elsewhere(name):
        raise Refused("InvalidResourceName", 400, f"{container}/{name}: no blob has . or .. between slashes")
