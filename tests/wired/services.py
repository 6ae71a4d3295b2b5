"""The services around the controller, all in this process and by one clock: Storage, Batch, Key Vault, Event Grid."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from azure.core.credentials import AccessToken as ClientToken

from local.access_tokens import AccessToken
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.world import Settings
from local.event_grid import EventGridTopic
from local.event_schemas import Batch, Event
from local.in_process.transport import Internet
from local.in_process.wsgi import of_application, of_function
from local.key_vault import KeyVault
from local.secret_store import SecretStore
from local.strict_store import StrictStore
from tests.fakes.clock import VirtualClock
from tests.loop.ground import Program
from tests.wired.nodes import Nodes, Nowhere

KEY = base64.b64encode(b"the key of an account in memory").decode()
TOPIC_KEY = "the key of the topic"
BATCH, TOPIC = "batch.localhost", "topic.localhost"
VAULT = "127.vault.localhost"
"""So that the domain its challenge names is one that the client takes for the vault's own (`local.key_vault`)."""


@dataclass(frozen=True)
class Keys:
    """What opens each service, and what else the Key Vault holds."""

    control: str = KEY
    work: str = KEY
    batch: str = DEVELOPMENT_KEY
    topic: str = TOPIC_KEY
    others: Mapping[str, str] = field(default_factory=lambda: {"task-password": "secret"})

    def vault(self) -> SecretStore:
        store = SecretStore()
        own = {"batch-key": self.batch, "storage-key": self.work, "topic-key": self.topic}
        for name, value in {**own, **self.others}.items():
            store.set(name, value)
        return store


class Inbox:
    """A subscription that keeps its events until the host takes them."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, batch: Batch) -> None:
        self.events += batch.events


class Tokens:
    """A credential for whatever resource is asked for."""

    def get_token(self, *scopes: str, **_: object) -> ClientToken:
        now = int(time.time())
        token = AccessToken(scopes[0].removesuffix("/.default"), now - 10, now + 3600)
        return ClientToken(token.encode(), now + 3600)


class Services:
    """`internet` reaches them all by their hosts. Two storage accounts, as in Azure; whole seconds, as they keep."""

    def __init__(self, program: Program, keys: Keys | None = None) -> None:
        keys = keys or Keys()
        self.clock = VirtualClock(datetime.now(UTC).replace(microsecond=0))
        self.control = StrictStore("control", keys.control, self.clock)
        self.work = StrictStore("work", keys.work, self.clock)
        self.inbox = Inbox()
        topic = EventGridTopic("batchdrop", keys.topic, [])
        topic.subscriptions.append(self.inbox)  # type: ignore[arg-type]  # takes batches, as a subscription does
        self.keys_in_vault = keys.vault()
        vault = KeyVault(self.keys_in_vault)
        hosts = {VAULT: of_function(vault), TOPIC: of_function(topic)}
        for store in (self.control, self.work):
            hosts |= {
                f"{store.account.name}.{kind}.localhost": getattr(store, f"{kind}s") for kind in ("blob", "queue")
            }
        self.internet = Internet(hosts)
        self.nodes = Nodes(program, self.internet)
        self.batch = Emulator(
            DEVELOPMENT_ACCOUNT,
            keys.batch,
            self.nodes,
            self.clock,
            settings=Settings(Nowhere("/nowhere"), boot_seconds=0, delete_seconds=10),
            url=f"http://{BATCH}",
            admin=False,
        )
        self.internet.hosts[BATCH] = of_application(self.batch.app)

    def environment(self) -> dict[str, str]:
        """The settings of a Function App among these services."""
        return {
            "BATCHDROP_CONTROL": connection(self.control),
            "BATCHDROP_WORK": connection(self.work),
            "BATCHDROP_DEPLOYMENT": "wired",
            "BATCHDROP_BATCH_ENDPOINT": f"http://{BATCH}",
            "BATCHDROP_BATCH_ACCOUNT": DEVELOPMENT_ACCOUNT,
            "BATCHDROP_BATCH_KEY_SECRET": "batch-key",
            "BATCHDROP_WORK_KEY_SECRET": "storage-key",
            "BATCHDROP_KEY_VAULT": f"https://{VAULT}",
            "BATCHDROP_TOPIC": f"https://{TOPIC}/topics/batchdrop/api/events",
            "BATCHDROP_TOPIC_KEY_SECRET": "topic-key",
        }


def connection(store: StrictStore) -> str:
    name = store.account.name
    return (
        f"AccountName={name};AccountKey={store.account.key};"
        f"BlobEndpoint=http://{name}.blob.localhost;QueueEndpoint=http://{name}.queue.localhost"
    )
