"""The environment, read once, as one frozen value. All that is missing or wrong is told in one error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from shared.arm_ids import (
    BATCH_ACCOUNT_FORM,
    IDENTITY_FORM,
    SUBNET_FORM,
    BatchAccountId,
    batch_account_id,
    identity_id,
    subnet_id,
)
from shared.errors import BatchdropError
from shared.http_auth import HttpAuth, read_http_auth
from shared.setting_reader import SettingReader
from shared.settings_rules import disagreements, misspelt

READ = frozenset(
    {
        "BATCHDROP_CONTROL",
        "BATCHDROP_CONTROL__blobServiceUri",
        "BATCHDROP_CONTROL__queueServiceUri",
        "BATCHDROP_WORK",
        "BATCHDROP_WORK__blobServiceUri",
        "BATCHDROP_DEPLOYMENT",
        "BATCHDROP_BATCH_ENDPOINT",
        "BATCHDROP_BATCH_ACCOUNT",
        "BATCHDROP_BATCH_ACCOUNT_ID",
        "BATCHDROP_NODE_IDENTITY",
        "BATCHDROP_ARM_ENDPOINT",
        "BATCHDROP_BATCH_KEY_SECRET",
        "BATCHDROP_WORK_KEY_SECRET",
        "BATCHDROP_KEY_VAULT",
        "BATCHDROP_TOPIC",
        "BATCHDROP_TOPIC_KEY_SECRET",
        "BATCHDROP_REGISTRY_SERVER",
        "BATCHDROP_REGISTRY_USER",
        "BATCHDROP_REGISTRY_PASSWORD_SECRET",
        "BATCHDROP_SUBNET",
        "BATCHDROP_START_TASK",
        "BATCHDROP_POLICY",
        "BATCHDROP_POLL_MIN",
        "BATCHDROP_POLL_MAX",
        "BATCHDROP_PASS_SECONDS",
        "BATCHDROP_REAP_FOREIGN",
        "BATCHDROP_HTTP_AUTH",
    }
)
BOUND = frozenset({"BATCHDROP_MANIFEST_SOURCE", "BATCHDROP_TICK", "BATCHDROP_SWEEP", "BATCHDROP_REAP"})
"""Settings that the Functions host reads, in the bindings; not checked here."""
_IDENTITY = ("BATCHDROP_BATCH_ACCOUNT_ID", "BATCHDROP_NODE_IDENTITY")
PUBLIC_ARM = "https://management.azure.com"


class SettingsError(BatchdropError):
    """`problems`: every setting that is missing or wrong, by name."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("the settings are not right: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class StorageAccount:
    """How to reach a storage account: by connection string, or (identity) by its service addresses."""

    connection_string: str | None = field(default=None, repr=False)
    blob_uri: str | None = None
    queue_uri: str | None = None

    @property
    def name(self) -> str:
        """The account's name."""
        if self.connection_string:
            return connection_parts(self.connection_string)["accountname"]
        return (urlsplit(self.blob_uri or "").hostname or "").partition(".")[0]


@dataclass(frozen=True)
class Registry:
    """The container registry the nodes pull from: with a user and a password, or without both by their identity."""

    server: str
    user: str | None
    password_secret: str | None


@dataclass(frozen=True)
class IdentityMode:
    """Pools are made through Azure Resource Manager (at `arm_endpoint`); their nodes bear `node_identity`, given by its
    ARM id, and hold neither key nor signature."""

    account: BatchAccountId
    node_identity: str
    arm_endpoint: str


@dataclass(frozen=True)
class Settings:
    """What the deployment is told. `*_secret` are names in the Key Vault, never values; None = not used."""

    control: StorageAccount
    work: StorageAccount
    deployment: str
    batch_endpoint: str
    batch_account: str | None
    batch_key_secret: str | None
    work_key_secret: str | None
    key_vault: str
    topic: str | None
    topic_key_secret: str | None
    registry: Registry | None
    identity: IdentityMode | None
    """None: keys mode. Pools come from the data plane, and what nodes may read and write is signed."""
    subnet: str | None
    start_task: str | None
    policy: str | None
    """Path of the policy file; the blob `batchdrop/policy.yaml` wins over it."""
    poll_min: timedelta
    poll_max: timedelta
    pass_time: timedelta
    reap_foreign: bool
    http: HttpAuth

    @property
    def own_secrets(self) -> frozenset[str]:
        """Names in the Key Vault that no task may be given, in lower case: the Key Vault takes `A` for `a`."""
        registry = self.registry.password_secret if self.registry else None
        names = (self.batch_key_secret, self.work_key_secret, self.topic_key_secret, registry)
        return frozenset(name.lower() for name in names if name)


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment (or from `environ`). Raises SettingsError with every problem at once."""
    reader = SettingReader(os.environ if environ is None else environ)
    settings = Settings(
        control=_account(reader, "BATCHDROP_CONTROL", queue=True),
        work=_account(reader, "BATCHDROP_WORK", queue=False),
        deployment=reader.text("BATCHDROP_DEPLOYMENT", "batchdrop"),
        batch_endpoint=reader.address("BATCHDROP_BATCH_ENDPOINT", needed=True) or "",
        batch_account=reader.optional("BATCHDROP_BATCH_ACCOUNT"),
        batch_key_secret=reader.optional("BATCHDROP_BATCH_KEY_SECRET"),
        work_key_secret=reader.optional("BATCHDROP_WORK_KEY_SECRET"),
        key_vault=reader.address("BATCHDROP_KEY_VAULT", needed=True, secure=True) or "",
        topic=reader.address("BATCHDROP_TOPIC"),
        topic_key_secret=reader.optional("BATCHDROP_TOPIC_KEY_SECRET"),
        registry=_registry(reader),
        identity=_identity(reader),
        subnet=reader.resource("BATCHDROP_SUBNET", subnet_id, SUBNET_FORM),
        start_task=reader.optional("BATCHDROP_START_TASK"),
        policy=reader.optional("BATCHDROP_POLICY"),
        poll_min=reader.seconds("BATCHDROP_POLL_MIN", 30),
        poll_max=reader.seconds("BATCHDROP_POLL_MAX", 120),
        pass_time=reader.seconds("BATCHDROP_PASS_SECONDS", 480),
        reap_foreign=reader.yes("BATCHDROP_REAP_FOREIGN"),
        http=read_http_auth(reader),
    )
    problems = (
        *reader.problems,
        *disagreements(settings, identity=_asks_for_identity(reader)),
        *misspelt(reader.environ, READ | BOUND),
    )
    if problems:
        raise SettingsError(problems)
    return settings


def manifest_source(environ: Mapping[str, str] | None = None) -> str:
    """BATCHDROP_MANIFEST_SOURCE: `EventGrid`, or `LogsAndContainerScan` (the default), which scans the container."""
    value = (os.environ if environ is None else environ).get("BATCHDROP_MANIFEST_SOURCE", "").strip()
    if value not in ("", "EventGrid", "LogsAndContainerScan"):
        raise SettingsError((f"BATCHDROP_MANIFEST_SOURCE must be EventGrid or LogsAndContainerScan, not {value!r}",))
    return value or "LogsAndContainerScan"


def http_auth(environ: Mapping[str, str] | None = None) -> HttpAuth:
    """Who may call the HTTP functions. Of its own, as the functions' bindings need it before all other settings."""
    reader = SettingReader(os.environ if environ is None else environ)
    found = read_http_auth(reader)
    if reader.problems:
        raise SettingsError(tuple(reader.problems))
    return found


def connection_parts(connection_string: str) -> dict[str, str]:
    """`Name=value;...` as a mapping; names in lower case."""
    pairs = (part.partition("=") for part in connection_string.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _account(reader: SettingReader, name: str, *, queue: bool) -> StorageAccount:
    connection = reader.optional(name)
    if connection:
        parts = connection_parts(connection)
        if not parts.get("accountname") or not parts.get("accountkey"):
            reader.problems.append(f"{name} must be a connection string with AccountName and AccountKey")
        return StorageAccount(connection_string=connection)
    blob = reader.address(f"{name}__blobServiceUri", secure=True)
    queues = reader.address(f"{name}__queueServiceUri", secure=True) if queue else None
    if not blob or (queue and not queues):
        uris = [f"{name}__blobServiceUri"] + ([f"{name}__queueServiceUri"] if queue else [])
        reader.problems.append(f"{name} (a connection string), or {' and '.join(uris)}, is missing")
    return StorageAccount(blob_uri=blob, queue_uri=queues)


def _registry(reader: SettingReader) -> Registry | None:
    """Whether user and password are needed depends on the mode: `settings_rules.py`."""
    server = reader.optional("BATCHDROP_REGISTRY_SERVER")
    user, password = (reader.optional(f"BATCHDROP_REGISTRY_{part}") for part in ("USER", "PASSWORD_SECRET"))
    if server is None and (user or password):
        reader.problems.append(
            "BATCHDROP_REGISTRY_SERVER is missing, without which BATCHDROP_REGISTRY_USER and "
            "BATCHDROP_REGISTRY_PASSWORD_SECRET have no use"
        )
    return Registry(server, user, password) if server else None


def _asks_for_identity(reader: SettingReader) -> bool:
    return any(map(reader.optional, _IDENTITY))


def _identity(reader: SettingReader) -> IdentityMode | None:
    account = reader.resource(_IDENTITY[0], batch_account_id, BATCH_ACCOUNT_FORM)
    node = reader.resource(_IDENTITY[1], identity_id, IDENTITY_FORM)
    endpoint = reader.address("BATCHDROP_ARM_ENDPOINT", secure=True)
    asked, names = _asks_for_identity(reader), " and ".join(_IDENTITY)
    if asked and not all(map(reader.optional, _IDENTITY)):
        reader.problems.append(f"{names} go together: set both (identity mode), or none (keys mode)")
    elif endpoint and not asked:
        reader.problems.append(f"BATCHDROP_ARM_ENDPOINT has no use without {names}")
    return IdentityMode(account, node, endpoint or PUBLIC_ARM) if account and node else None
