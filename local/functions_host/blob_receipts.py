"""Receipts: one small blob for each (function, blob version), so that a scan that sees it again stays silent.

A receipt stops a second message, not a second run: the message itself may be delivered again.
"""

from collections.abc import Callable

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobLeaseClient, ContainerClient

from local.functions_host.blob_message import BlobMessage

_INCOMPLETE = "Incomplete"
_LEASE_SECONDS = 30


class Receipts:
    """The receipts of one host id."""

    def __init__(self, hosts: ContainerClient, host_id: str) -> None:
        self._hosts = hosts
        self._host_id = host_id

    def send_once(self, message: BlobMessage, send: Callable[[BlobMessage], None]) -> bool:
        """Send unless a receipt says that it was sent; False when another host is at it: ask again later."""
        receipt = self._hosts.get_blob_client(self._path(message))
        try:
            receipt.upload_blob(b"", metadata={_INCOMPLETE: "true"})
        except ResourceExistsError:
            if _is_complete(receipt):
                return True
        lease = _lease(receipt)
        return lease is not None and self._send_leased(message, send, receipt, lease)

    def _send_leased(
        self, message: BlobMessage, send: Callable[[BlobMessage], None], receipt: BlobClient, lease: BlobLeaseClient
    ) -> bool:
        try:
            if not _is_complete(receipt):
                send(message)
                receipt.set_blob_metadata({}, lease=lease)
        finally:
            lease.release()
        return True

    def _path(self, message: BlobMessage) -> str:
        return f"blobreceipts/{self._host_id}/{message.function_id}/{message.etag}/{message.container}/{message.name}"


def _is_complete(receipt: BlobClient) -> bool:
    try:
        metadata = receipt.get_blob_properties().metadata
    except ResourceNotFoundError:
        return False
    return _INCOMPLETE not in metadata


def _lease(receipt: BlobClient) -> BlobLeaseClient | None:
    lease = BlobLeaseClient(receipt)
    try:
        lease.acquire(_LEASE_SECONDS)
    except ResourceNotFoundError:
        return None
    except HttpResponseError as error:
        if error.status_code == 409:
            return None
        raise
    return lease
