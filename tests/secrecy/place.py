"""A wired deployment whose every key can be told, and every request and answer of its controller kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local.in_process.exchange import Answer, Sent, Service
from local.strict_store import StrictStore
from tests.hostile.by_identity import IdentityServices
from tests.loop.ground import Program
from tests.secrecy.marks import holds, key_of
from tests.wired.place import Place
from tests.wired.services import BATCH, TOPIC, VAULT, Keys, Services

KEYS = Keys(
    control=key_of("mark of the control account"),
    work=key_of("mark of the work account"),
    batch=key_of("mark of the batch account"),
    topic=key_of("mark of the topic"),
    others={"task-password": "mark: a task's password/+=", "registry-password": "mark: the registry's password/+="},
)
MARKS = {
    "control key": KEYS.control,
    "work key": KEYS.work,
    "batch key": KEYS.batch,
    "topic key": KEYS.topic,
    "task secret": KEYS.others["task-password"],
    "registry password": KEYS.others["registry-password"],
}
TOKEN = rb"eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\."
"""Of the controller's own identity: in the header that signs a request, which is not searched, and nowhere else."""
SIGNATURE = rb"(?i)sig(?:=|%3D)[A-Za-z0-9%/+]{10,}"
HOSTS = {BATCH: "batch", TOPIC: "topic", VAULT: "vault"}
NAMES = re.compile(r"bd-[a-z0-9-]+|t-\d{6}|[0-9a-f]{64}")


@dataclass(frozen=True)
class Exchange:
    """One request of the controller's, and its answer."""

    sent: Sent
    answer: Answer

    @property
    def service(self) -> str:
        return HOSTS.get(self.sent.host) or self.sent.host.removesuffix(".localhost").replace(".", " ")

    @property
    def place(self) -> str:
        """`service METHOD /path`, without the job's own names."""
        return f"{self.service} {self.sent.method} {NAMES.sub('*', self.sent.path)}"

    @property
    def pieces(self) -> Mapping[str, bytes]:
        """All that goes over the wire, save the header that signs the request: where, and what."""
        headers = {name: value for name, value in self.sent.headers.items() if name.lower() != "authorization"}
        return {
            "address": f"{self.sent.path}?{self.sent.query}".encode(),
            "body": self.sent.body,
            "answer": f"{dict(self.answer.headers)}\n".encode() + self.answer.body,
        } | {f"header {name}": str(value).encode() for name, value in headers.items()}


REGISTRY = {
    "BATCHDROP_REGISTRY_SERVER": "localhost",
    "BATCHDROP_REGISTRY_USER": "puller",
    "BATCHDROP_REGISTRY_PASSWORD_SECRET": "registry-password",
}


class Recorded(Services):
    """With a registry that wants a password."""

    def environment(self) -> dict[str, str]:
        return super().environment() | REGISTRY


class RecordedByIdentity(IdentityServices):
    """In identity mode, with such a registry all the same."""

    def environment(self) -> dict[str, str]:
        return super().environment() | REGISTRY


class Record:
    """What stands between the controller and its services, and forgets nothing."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def __call__(self, service: Service) -> Service:
        def keep(sent: Sent) -> Answer:
            answer = service(sent)
            self.exchanges.append(Exchange(sent, answer))
            return answer

        return keep

    def where(self, secret: str) -> set[str]:
        """The places that hold a secret in any spelling."""
        return {
            f"{exchange.place} {piece}"
            for exchange in self.exchanges
            for piece, content in exchange.pieces.items()
            if holds(content, secret)
        }

    def matching(self, pattern: bytes) -> dict[str, set[bytes]]:
        """The places that hold a pattern, and what of it."""
        found: dict[str, set[bytes]] = {}
        for exchange in self.exchanges:
            for piece, content in exchange.pieces.items():
                for hit in re.findall(pattern, content):
                    found.setdefault(f"{exchange.place} {piece}", set()).add(hit)
        return found


def marked_place(program: Program, *, identity: bool = False) -> tuple[Place, Record]:
    record = Record()
    services = (RecordedByIdentity if identity else Recorded)(program, KEYS)
    return Place(program, record, services), record


def everything_in(store: StrictStore) -> Iterator[tuple[str, bytes]]:
    """Names and contents of all blobs, uncommitted blocks aside, and of all messages."""
    for name, container in store.account.containers.items():
        yield name, repr(container).encode()
        for path, blob in container.blobs.items():
            yield f"{name}/{path}", blob.content
    for name, queue in store.account.queues.items():
        yield name, repr(queue.messages).encode()


def held_by(content: bytes) -> list[str]:
    """What is secret in it: keys by their names, and signatures and tokens by their shape."""
    found = [name for name, secret in MARKS.items() if holds(content, secret)]
    found += ["signature"] if re.search(SIGNATURE, content) else []
    return found + (["token"] if re.search(TOKEN, content) else [])
