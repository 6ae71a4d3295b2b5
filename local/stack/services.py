"""The small services of a stack, served from threads of one process: Key Vault, identity, Event Grid topic."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.certificates import Certificate
from local.event_grid import EventGridTopic
from local.key_vault import KeyVault
from local.managed_identity import PATH, ManagedIdentity
from local.secret_store import SecretStore
from local.serving import serve
from local.stack.keys import StackKeys
from local.stack.ports import StackPorts
from local.webhook import Webhook

TOPIC = "batchdrop"
_SUBSCRIBER = "/runtime/webhooks/EventGrid?functionName=on_tasks_ended"


@dataclass(frozen=True)
class Services:
    """Where they answer, and whom to trust: `authorities` is for REQUESTS_CA_BUNDLE."""

    vault: str
    identity: str
    topic: str
    authorities: Path


@contextmanager
def small_services(
    certificate: Certificate, secrets: Mapping[str, str], keys: StackKeys, ports: StackPorts, host: str
) -> Iterator[Services]:
    """Serve them; the vault holds `secrets`, the topic forwards to the Functions host at `host`."""
    store = SecretStore()
    for name, value in secrets.items():
        store.set(name, value)
    topic = EventGridTopic(TOPIC, keys.topic, [Webhook("tasks-ended", host + _SUBSCRIBER)])
    with ExitStack() as opened:
        vault = opened.enter_context(serve(KeyVault(store), port=ports.vault, certificate=certificate))
        identity = opened.enter_context(serve(ManagedIdentity(keys.identity), port=ports.identity))
        grid = opened.enter_context(serve(topic, port=ports.topic))
        topic.start()
        opened.callback(topic.stop)
        yield Services(
            vault=vault.url,
            identity=identity.url + PATH,
            topic=grid.url + topic.path,
            authorities=certificate.bundle,
        )
