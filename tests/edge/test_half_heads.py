"""A connection that ends within the head of an answer: HTTP clients take what came for all of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from local.azurite import ACCOUNT, KEY
from shared.azure.blobs import AzureBlobs
from shared.azure.locks import BlobLocks
from shared.errors import Transient
from shared.settings import StorageAccount

HALF = b"HTTP/1.1 %d Well\r\nContent-Length: 0\r\nServer: storage\r\nLast-Mod"


@pytest.fixture
def account() -> Iterator[StorageAccount]:
    """Storage that does all it is asked, and never comes to the end of a head."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        place = f"http://127.0.0.1:{server.getsockname()[1]}/{ACCOUNT}"
        yield StorageAccount(f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={place}")
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def serve(server: socket.socket) -> None:
    while True:
        try:
            there, _ = server.accept()
        except OSError:
            return
        with there:
            asked = there.recv(65536).lower()
            held = b"x-ms-lease-action: renew" in asked or b"x-ms-lease-action: release" in asked
            there.sendall(HALF % (200 if held else 201))


def test_a_write_whose_etag_is_lost_is_not_taken_for_done(account: StorageAccount) -> None:
    """No record is held to a version that nobody knows: it is looked at again."""
    blobs = AzureBlobs(account)
    with pytest.raises(Transient, match="ETag"):
        blobs.put("c", "b", b"")
    blobs.close()


def test_a_lock_whose_answer_is_lost_has_the_name_that_was_proposed(account: StorageAccount) -> None:
    """So that it can be renewed and released."""
    locks = BlobLocks(account)
    lease = locks.acquire("bd-a")
    assert lease is not None
    assert lease.renew()
    lease.release()
    locks.close()
