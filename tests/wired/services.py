"""The services around the controller, all in this process and by one clock: Storage, Batch, Key Vault, Event Grid."""

from __future__ import annotations

import base64
import time
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
from tests.wired.nodes import NOWHERE, Nodes

KEY = base64.b64encode(b"the key of an account in memory").decode()
TOPIC_KEY = "the key of the topic"
BATCH, TOPIC = "batch.localhost", "topic.localhost"
VAULT = "127.vault.localhost"
"""So that the domain its challenge names is one that the client takes for the vault's own (`local.key_vault`)."""
SECRETS = {"batch-key": DEVELOPMENT_KEY, "storage-key": KEY, "topic-key": TOPIC_KEY, "task-password": "secret"}


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

    def __init__(self, program: Program) -> None:
        self.clock = VirtualClock(datetime.now(UTC).replace(microsecond=0))
        self.control, self.work = (StrictStore(name, KEY, self.clock) for name in ("control", "work"))
        self.inbox = Inbox()
        topic = EventGridTopic("batchdrop", TOPIC_KEY, [])
        topic.subscriptions.append(self.inbox)  # type: ignore[arg-type]  # takes batches, as a subscription does
        vault = KeyVault(secrets())
        hosts = {VAULT: of_function(vault), TOPIC: of_function(topic)}
        for store in (self.control, self.work):
            hosts |= {
                f"{store.account.name}.{kind}.localhost": getattr(store, f"{kind}s") for kind in ("blob", "queue")
            }
        self.internet = Internet(hosts)
        self.nodes = Nodes(program, self.internet)
        self.batch = Emulator(
            DEVELOPMENT_ACCOUNT,
            DEVELOPMENT_KEY,
            self.nodes,
            self.clock,
            settings=Settings(NOWHERE, boot_seconds=0, delete_seconds=10),
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
        f"AccountName={name};AccountKey={KEY};"
        f"BlobEndpoint=http://{name}.blob.localhost;QueueEndpoint=http://{name}.queue.localhost"
    )


def secrets() -> SecretStore:
    store = SecretStore()
    for name, value in SECRETS.items():
        store.set(name, value)
    return store
