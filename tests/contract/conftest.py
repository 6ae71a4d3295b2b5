"""The same promises, asked of the ports in memory, and of the ports over the SDKs: to the strict store and Azurite."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from local.certificates import Certificate, ensure_certificate
from shared.azure.blobs import AzureBlobs
from shared.azure.locks import BlobLocks
from shared.ports import BlobPort, LockPort
from shared.settings import StorageAccount
from tests.fakes.blobs import MemoryBlobs
from tests.fakes.clock import VirtualClock
from tests.fakes.locks import MemoryLocks
from tests.strict_store.ground import ACCOUNT, KEY, Strict

ALL = ["memory", "strict", pytest.param("azure", marks=pytest.mark.stack)]


@pytest.fixture(scope="session")
def storage(request: pytest.FixtureRequest) -> StorageAccount:
    """The account of the running Azurite."""
    return StorageAccount(connection_string=request.getfixturevalue("azurite").connection_string)


@pytest.fixture(params=ALL)
def blobs(request: pytest.FixtureRequest) -> Iterator[BlobPort]:
    """A storage account, in memory, in the strict store and in Azurite."""
    if request.param == "memory":
        yield MemoryBlobs(VirtualClock())
        return
    if request.param == "strict":
        strict = Strict()
        yield AzureBlobs(ACCOUNT, lambda: KEY, strict.line)
        return
    azurite = request.getfixturevalue("azurite")
    account = AzureBlobs(request.getfixturevalue("storage"), key=lambda: str(azurite.key))
    yield account
    account.close()


@pytest.fixture
def container(blobs: BlobPort) -> Iterator[str]:
    """A container of the test's own."""
    name = f"bd-{uuid.uuid4().hex[:20]}"
    blobs.create_container(name, {"batchdrop_job": "a"})
    yield name
    blobs.delete_container(name)


@pytest.fixture(params=ALL)
def locks(request: pytest.FixtureRequest) -> Iterator[LockPort]:
    """Locks, in memory and as leases in the strict store and in Azurite."""
    if request.param == "memory":
        yield MemoryLocks(VirtualClock())
        return
    if request.param == "strict":
        strict = Strict()
        strict.blobs.create_container("batchdrop")
        yield BlobLocks(ACCOUNT, strict.line)
        return
    account = AzureBlobs(request.getfixturevalue("storage"))
    account.create_container("batchdrop", {})
    account.close()
    leases = BlobLocks(request.getfixturevalue("storage"))
    yield leases
    leases.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For https on this machine."""
    return ensure_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def trusted(certificate: Certificate, monkeypatch: pytest.MonkeyPatch) -> Certificate:
    """The certificate, which clients trust while the test runs."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.bundle))
    return certificate


@pytest.fixture
def job() -> str:
    """A job id of the test's own."""
    return f"bd-x-{uuid.uuid4().hex[:12]}"
