"""What a pass may ask of a storage account."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class BlobItem:
    """A blob as a listing shows it. `etag` without quotes; `md5` as hex or None; metadata only where asked for."""

    name: str
    length: int
    etag: str
    modified: datetime
    md5: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Blob:
    """A small blob, read whole in one GET: content and ETag are of the same version."""

    item: BlobItem
    content: bytes


@dataclass(frozen=True)
class ContainerItem:
    """A container as a listing shows it."""

    name: str
    modified: datetime
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Condition:
    """What must hold for a write: nothing there yet (`absent`), or exactly that version (`etag`)."""

    absent: bool = False
    etag: str | None = None


ANY = Condition()
ABSENT = Condition(absent=True)


class BlobPort(Protocol):
    """One storage account. Names are (container, blob); writes answer the new ETag, without quotes."""

    def read(self, container: str, name: str) -> Blob | None: ...

    def head(self, container: str, name: str) -> BlobItem | None: ...

    def stream(
        self, container: str, name: str, *, etag: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Chunks of at most 4 MiB from `offset`; Vanished when the blob is not `etag` any more."""
        ...

    def put(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        """Write a whole small blob; Conflict when `when` does not hold."""
        ...

    def put_stream(self, container: str, name: str, chunks: Iterable[bytes]) -> str:
        """Write a blob of unknown length in bounded memory, replacing what is there."""
        ...

    def stage(self, container: str, name: str, number: int, content: bytes) -> None:
        """Stage block `number` (0..49,999); ids derive from the number and have one length."""
        ...

    def stage_from(
        self,
        container: str,
        name: str,
        number: int,
        source: tuple[str, str],
        etag: str,
        offset: int,
        length: int,
    ) -> None:
        """Stage block `number` from 1 to 4,000 MiB of a blob of this account: no byte comes through here.

        The range lies within the source: stores differ in what they do with one that does not.
        Vanished, naming the source, when it is not `etag` any more; Unsupported where the store knows no such request.
        """
        ...

    def commit(
        self,
        container: str,
        name: str,
        blocks: int,
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        """Commit blocks 0..blocks-1; Conflict when `when` does not hold, or a block is unknown (someone committed)."""
        ...

    def copy(
        self,
        source: tuple[str, str],
        etag: str,
        target: tuple[str, str],
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Copy within the account, server-side, and wait until done; Vanished when the source is not `etag`."""
        ...

    def delete(self, container: str, name: str) -> None: ...

    def list(
        self, container: str, prefix: str = "", *, metadata: bool = False, after: str | None = None
    ) -> Iterator[BlobItem]:
        """Blobs in byte order of their names, page by page; nothing when the container is absent.

        `after`: only names greater than it (a cursor).
        """
        ...

    def names(self, container: str, prefix: str = "") -> Iterator[str]:
        """As `list` does, the names alone: to read a page of them costs a tenth of the time."""
        ...

    def create_container(self, name: str, metadata: Mapping[str, str]) -> None:
        """Transient while a container of that name is still being deleted."""
        ...

    def container_exists(self, name: str) -> bool:
        """False only on a 404 (a container being deleted still exists)."""
        ...

    def delete_container(self, name: str) -> None: ...

    def list_containers(self, prefix: str) -> Iterator[ContainerItem]: ...

    def mark_container(self, name: str, metadata: Mapping[str, str]) -> None:
        """Replace the container's metadata; success when it is gone."""
        ...

    def allow(self, container: str, permissions: str, until: datetime) -> None:
        """What nodes may do in the container (`permissions` such as 'rl') until then, where they come by signature:
        its stored access policy, replacing the last one. Where they come by identity, their roles say it.
        """
        ...

    def revoke(self, container: str) -> None:
        """Remove the container's stored access policies: every SAS bound to them dies."""
        ...

    def url(self, container: str, name: str = "") -> str:
        """The plain address of a blob or container."""
        ...

    def signed_by_policy(self, container: str, name: str = "") -> str:
        """Address with a SAS bound to the container's stored access policy (job containers only)."""
        ...

    def signed_read(self, container: str, name: str, until: datetime) -> str:
        """Address with a read-only SAS of this one blob (sources and reference data in the users' containers); without
        a name, of the container, to list and read all of it."""
        ...
