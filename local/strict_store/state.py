"""What an account holds."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from local.strict_store.refusals import require

DELETING = timedelta(seconds=30)
UNCOMMITTED = timedelta(days=7)


class Clock(Protocol):
    """The time of the service, in UTC."""

    def now(self) -> datetime: ...


@dataclass
class Lease:
    """`span` None: infinite. `ends`: when it runs out, or was broken."""

    id: str
    span: timedelta | None
    ends: datetime | None
    broken: bool = False

    def holds(self, now: datetime) -> bool:
        return self.ends is None or now < self.ends


@dataclass(frozen=True)
class Policy:
    """A stored access policy; what is None, the signature itself must say."""

    start: datetime | None
    expiry: datetime | None
    permission: str | None


@dataclass(frozen=True)
class Copied:
    """The copy that made a blob what it is."""

    id: str
    source: str
    done: datetime


@dataclass
class Blob:
    """A committed block blob. `blocks` are those it was committed from; none when it was put whole."""

    content: bytes
    etag: str
    created: datetime
    modified: datetime
    content_type: str
    md5: str | None
    metadata: Mapping[str, str]
    blocks: Mapping[str, bytes] = field(default_factory=dict)
    lease: Lease | None = None
    copied: Copied | None = None


@dataclass
class Staged:
    """The uncommitted blocks of one name, by id; `last`: when the last one came."""

    last: datetime
    blocks: dict[str, bytes] = field(default_factory=dict)


@dataclass
class Container:
    """`policies` by id."""

    etag: str
    modified: datetime
    metadata: Mapping[str, str]
    blobs: dict[str, Blob] = field(default_factory=dict)
    staged: dict[str, Staged] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)


@dataclass
class Message:
    """`receipt` is that of the last time it was taken or changed."""

    id: str
    text: str
    inserted: datetime
    expires: datetime
    visible: datetime
    receipt: str
    taken: int = 0


@dataclass
class Queue:
    """Messages by id, in the order they came."""

    metadata: Mapping[str, str]
    messages: dict[str, Message] = field(default_factory=dict)


@dataclass
class Account:
    """One storage account. `changes` rises with every change of anything in it."""

    name: str
    key: str
    clock: Clock
    containers: dict[str, Container] = field(default_factory=dict)
    deleting: dict[str, datetime] = field(default_factory=dict)
    queues: dict[str, Queue] = field(default_factory=dict)
    page: int = 5000
    """Entries of a listing's page, at most."""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    changes: int = 0

    def now(self) -> datetime:
        return self.clock.now()

    def number(self) -> int:
        """Another one each time."""
        self.changes += 1
        return next(self._numbers)

    def etag(self) -> str:
        """Without quotes."""
        return f"0x8DE{self.number():012X}"

    def container(self, name: str) -> Container:
        """One that is being deleted is not there any more, for all but those who would make it again."""
        require(name in self.containers, 404, "ContainerNotFound", "The specified container does not exist.")
        return self.containers[name]

    def blob(self, container: str, name: str) -> Blob:
        found = self.container(container).blobs.get(name)
        require(found, 404, "BlobNotFound", "The specified blob does not exist.")
        assert found is not None
        return found

    def staged(self, container: str, name: str) -> dict[str, bytes]:
        """The uncommitted blocks that have not expired."""
        into = self.container(container).staged
        found = into.get(name)
        if found is not None and self.now() - found.last >= UNCOMMITTED:
            del into[name]
            found = None
        return found.blocks if found else {}

    def queue(self, name: str) -> Queue:
        require(name in self.queues, 404, "QueueNotFound", "The specified queue does not exist.")
        return self.queues[name]


def second(moment: datetime) -> datetime:
    """As the service shows it."""
    return moment.replace(microsecond=0)
