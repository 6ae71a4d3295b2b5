"""A storage account in memory, with the conditions, the blocks and the copies of the real one."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.errors import Conflict, Refused, Transient, Unsupported, Vanished
from shared.names import leads_elsewhere
from shared.ports import ANY, Blob, BlobItem, Clock, Condition, ContainerItem
from tests.fakes.faults import Faulty, port

CHUNK = 4 * 1024 * 1024
MOST_BLOCKS = 50_000
LONGEST_RANGE = 4000 * 1024 * 1024


@dataclass(frozen=True)
class _Stored:
    item: BlobItem
    content: bytes
    content_type: str
    blocks: Mapping[int, bytes] = field(default_factory=dict)


@dataclass
class _Container:
    modified: datetime
    metadata: Mapping[str, str]
    blobs: dict[str, _Stored] = field(default_factory=dict)
    staged: dict[str, dict[int, bytes]] = field(default_factory=dict)
    policy: tuple[str, datetime] | None = None
    gone_at: datetime | None = None


class MemoryBlobs(Faulty):
    """A `BlobPort`. `deletion` is how long a deleted container is still "being deleted" (Azure: 30 s or more);
    `unsupported`: the store does not know Put Block From URL."""

    def __init__(
        self,
        clock: Clock,
        account: str = "memory",
        deletion: timedelta = timedelta(0),
        *,
        unsupported: bool = False,
    ) -> None:
        super().__init__()
        self.unsupported = unsupported
        self.account = account
        self.deletion = deletion
        self._clock = clock
        self._containers: dict[str, _Container] = {}
        self._versions = itertools.count(0x8DE000000000000)
        self._lock = threading.RLock()

    # ------------------------------------------------------------------ reading

    @port
    def read(self, container: str, name: str) -> Blob | None:
        stored = self._find(container, name)
        return Blob(stored.item, stored.content) if stored else None

    @port
    def head(self, container: str, name: str) -> BlobItem | None:
        stored = self._find(container, name)
        return stored.item if stored else None

    @port
    def stream(
        self, container: str, name: str, *, etag: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        position = offset
        while length is None or position < offset + length:
            content = self._version(container, name, etag).content
            most = CHUNK if length is None else min(CHUNK, offset + length - position)
            chunk = content[position : position + most]
            if not chunk:
                return
            yield chunk
            position += len(chunk)

    @port
    def list(
        self, container: str, prefix: str = "", *, metadata: bool = False, after: str | None = None
    ) -> Iterator[BlobItem]:
        with self._lock:
            found = self._containers.get(container)
            blobs = found.blobs.items() if found and self._is_there(container) else ()
            stored = [one for name, one in blobs if name.startswith(prefix)]
        for one in sorted(stored, key=lambda each: each.item.name.encode()):
            if after is None or one.item.name.encode() > after.encode():
                yield one.item if metadata else _without_metadata(one.item)

    @port
    def names(self, container: str, prefix: str = "") -> Iterator[str]:
        with self._lock:
            found = self._containers.get(container)
            names = [*found.blobs] if found and self._is_there(container) else []
        yield from sorted((name for name in names if name.startswith(prefix)), key=str.encode)

    # ------------------------------------------------------------------ writing

    @port
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
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        return self._store(container, name, content, when, metadata, content_type, md5)

    @port
    def put_stream(self, container: str, name: str, chunks: Iterable[bytes]) -> str:
        return self._store(container, name, b"".join(chunks), ANY, None, "application/octet-stream", None)

    @port
    def stage(self, container: str, name: str, number: int, content: bytes) -> None:
        if not 0 <= number < MOST_BLOCKS:
            raise ValueError(f"block {number} is not in 0..{MOST_BLOCKS - 1}")
        with self._lock:
            self._live(container).staged.setdefault(name, {})[number] = bytes(content)

    @port
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
        if not 0 <= number < MOST_BLOCKS or not 0 < length <= LONGEST_RANGE:
            raise ValueError(f"block {number} of {length} bytes is not in 0..{MOST_BLOCKS - 1}, 1..{LONGEST_RANGE}")
        if self.unsupported:
            raise Unsupported("APINotImplemented", 501, "this store does not stage blocks from addresses")
        with self._lock:
            into, content = self._live(container), self._version(*source, etag).content
            if offset + length > len(content):
                raise Refused("InvalidRange", 416, f"{'/'.join(source)} ends before byte {offset + length}")
            into.staged.setdefault(name, {})[number] = content[offset : offset + length]

    @port
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
        with self._lock:
            into = self._live(container)
            committed = into.blobs[name].blocks if name in into.blobs else {}
            known = {**committed, **into.staged.get(name, {})}
            self._check(into, name, when)
            if any(number not in known for number in range(blocks)):
                raise Conflict(f"{container}/{name}: a block to commit is unknown; someone else committed")
            used = {number: known[number] for number in range(blocks)}
            return self._store(container, name, b"".join(used.values()), when, metadata, content_type, None, used)

    @port
    def copy(
        self,
        source: tuple[str, str],
        etag: str,
        target: tuple[str, str],
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        with self._lock:
            stored = self._version(*source, etag)
            carried = stored.item.metadata if metadata is None else metadata
            return self._store(*target, stored.content, when, carried, stored.content_type, stored.item.md5)

    @port
    def delete(self, container: str, name: str) -> None:
        with self._lock:
            found = self._containers.get(container)
            if found:
                found.blobs.pop(name, None)

    # ------------------------------------------------------------------ containers

    @port
    def create_container(self, name: str, metadata: Mapping[str, str]) -> None:
        with self._lock:
            if self._is_there(name):
                if self._containers[name].gone_at:
                    raise Transient(f"container {name} is still being deleted")
                return
            self._containers[name] = _Container(self._clock.now(), dict(metadata))

    @port
    def container_exists(self, name: str) -> bool:
        return self._is_there(name)

    @port
    def delete_container(self, name: str) -> None:
        with self._lock:
            found = self._containers.get(name)
            if found and not found.gone_at:
                found.gone_at = self._clock.now() + self.deletion
                found.blobs.clear()
                found.staged.clear()

    @port
    def list_containers(self, prefix: str) -> Iterator[ContainerItem]:
        with self._lock:
            there = [(name, self._containers[name]) for name in sorted(self._containers) if name.startswith(prefix)]
        for name, container in there:
            if not container.gone_at:
                yield ContainerItem(name, container.modified, container.metadata)

    @port
    def mark_container(self, name: str, metadata: Mapping[str, str]) -> None:
        with self._lock:
            if self._is_there(name) and not self._containers[name].gone_at:
                self._containers[name].metadata = dict(metadata)

    @port
    def allow(self, container: str, permissions: str, until: datetime) -> None:
        self._live(container).policy = (permissions, until)

    @port
    def revoke(self, container: str) -> None:
        if self._is_there(container):
            self._containers[container].policy = None

    def policy(self, container: str) -> tuple[str, datetime] | None:
        """The stored access policy, for tests: (permissions, until)."""
        return self._live(container).policy

    # ------------------------------------------------------------------ addresses

    @port
    def url(self, container: str, name: str = "") -> str:
        return f"https://{self.account}.blob.invalid/{container}" + (f"/{name}" if name else "")

    @port
    def signed_by_policy(self, container: str, name: str = "") -> str:
        return f"https://{self.account}.blob.invalid/{container}" + (f"/{name}" if name else "") + "?si=batchdrop"

    @port
    def signed_read(self, container: str, name: str, until: datetime) -> str:
        allowed = "r" if name else "rl"
        return f"https://{self.account}.blob.invalid/{container}/{name}?sp={allowed}&se={until:%Y-%m-%dT%H:%M:%SZ}"

    # ------------------------------------------------------------------ inside

    def _is_there(self, name: str) -> bool:
        found = self._containers.get(name)
        if found and found.gone_at and found.gone_at <= self._clock.now():
            del self._containers[name]
            return False
        return found is not None

    def _live(self, name: str) -> _Container:
        if not self._is_there(name):
            raise Vanished(name, f"container {name} is not there")
        if self._containers[name].gone_at:
            raise Transient(f"container {name} is being deleted")
        return self._containers[name]

    def _find(self, container: str, name: str) -> _Stored | None:
        _check_name(container, name)
        with self._lock:
            return self._containers[container].blobs.get(name) if self._is_there(container) else None

    def _version(self, container: str, name: str, etag: str) -> _Stored:
        stored = self._find(container, name)
        if stored is None or stored.item.etag != etag:
            raise Vanished(f"{container}/{name}", f"{container}/{name} is not version {etag} any more")
        return stored

    def _check(self, container: _Container, name: str, when: Condition) -> None:
        there = container.blobs.get(name)
        if when.absent and there:
            raise Conflict(f"{name} is there already")
        if when.etag is not None and (there is None or there.item.etag != when.etag):
            raise Conflict(f"{name} is not version {when.etag} any more")

    def _store(
        self,
        container: str,
        name: str,
        content: bytes,
        when: Condition,
        metadata: Mapping[str, str] | None,
        content_type: str,
        md5: str | None,
        blocks: Mapping[int, bytes] | None = None,
    ) -> str:
        _check_name(container, name)
        with self._lock:
            into = self._live(container)
            self._check(into, name, when)
            etag = f"0x{next(self._versions):X}"
            modified = self._clock.now().replace(microsecond=0)
            item = BlobItem(name, len(content), etag, modified, md5, dict(metadata or {}))
            into.staged.pop(name, None)
            into.blobs[name] = _Stored(item, bytes(content), content_type, blocks or {})
            return etag


def _check_name(container: str, name: str) -> None:
    if leads_elsewhere(name):
        raise Refused("InvalidResourceName", 400, f"{container}/{name} is no name of a blob")


def _without_metadata(item: BlobItem) -> BlobItem:
    return BlobItem(item.name, item.length, item.etag, item.modified, item.md5)
