"""The environment, read once, as one frozen value. All that is missing or wrong is told in one error."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from urllib.parse import urlsplit

from shared.errors import BatchdropError

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
        "BATCHDROP_BATCH_KEY_SECRET",
        "BATCHDROP_WORK_KEY_SECRET",
        "BATCHDROP_KEY_VAULT",
        "BATCHDROP_TOPIC",
        "BATCHDROP_TOPIC_KEY_SECRET",
        "BATCHDROP_REGISTRY_SERVER",
        "BATCHDROP_REGISTRY_USER",
        "BATCHDROP_REGISTRY_PASSWORD_SECRET",
        "BATCHDROP_POLICY",
        "BATCHDROP_POLL_MIN",
        "BATCHDROP_POLL_MAX",
        "BATCHDROP_PASS_SECONDS",
        "BATCHDROP_REAP_FOREIGN",
    }
)
BOUND = frozenset({"BATCHDROP_MANIFEST_SOURCE", "BATCHDROP_TICK", "BATCHDROP_SWEEP", "BATCHDROP_REAP"})
"""Settings that the Functions host reads, in the bindings; not checked here."""
_OURS = "BATCHDROP_"
_CONNECTIONS = ("BATCHDROP_CONTROL__", "BATCHDROP_WORK__")


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
    """The container registry the nodes pull from with a user and a password."""

    server: str
    user: str
    password_secret: str


@dataclass(frozen=True)
class Settings:
    """What the deployment is told. `*_secret` are names in the Key Vault, never values; None = not used."""

    control: StorageAccount
    work: StorageAccount
    deployment: str
    batch_endpoint: str
    batch_account: str | None
    batch_key_secret: str | None
    work_key_secret: str
    key_vault: str
    topic: str | None
    topic_key_secret: str | None
    registry: Registry | None
    policy: str | None
    """Path of the policy file; the blob `batchdrop/policy.yaml` wins over it."""
    poll_min: timedelta
    poll_max: timedelta
    pass_time: timedelta
    reap_foreign: bool


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment (or from `environ`). Raises SettingsError with every problem at once."""
    reader = _Reader(os.environ if environ is None else environ)
    settings = Settings(
        control=reader.account("BATCHDROP_CONTROL", queue=True),
        work=reader.account("BATCHDROP_WORK", queue=False),
        deployment=reader.text("BATCHDROP_DEPLOYMENT", "batchdrop"),
        batch_endpoint=reader.address("BATCHDROP_BATCH_ENDPOINT", needed=True) or "",
        batch_account=reader.optional("BATCHDROP_BATCH_ACCOUNT"),
        batch_key_secret=reader.optional("BATCHDROP_BATCH_KEY_SECRET"),
        work_key_secret=reader.text("BATCHDROP_WORK_KEY_SECRET"),
        key_vault=reader.address("BATCHDROP_KEY_VAULT", needed=True, secure=True) or "",
        topic=reader.address("BATCHDROP_TOPIC"),
        topic_key_secret=reader.optional("BATCHDROP_TOPIC_KEY_SECRET"),
        registry=reader.registry(),
        policy=reader.optional("BATCHDROP_POLICY"),
        poll_min=reader.seconds("BATCHDROP_POLL_MIN", 30),
        poll_max=reader.seconds("BATCHDROP_POLL_MAX", 120),
        pass_time=reader.seconds("BATCHDROP_PASS_SECONDS", 480),
        reap_foreign=reader.yes("BATCHDROP_REAP_FOREIGN"),
    )
    problems = (*reader.problems, *_disagreements(settings), *_misspelt(reader.environ))
    if problems:
        raise SettingsError(problems)
    return settings


def manifest_source(environ: Mapping[str, str] | None = None) -> str:
    """BATCHDROP_MANIFEST_SOURCE: `EventGrid`, or `LogsAndContainerScan` (the default), which scans the container."""
    value = (os.environ if environ is None else environ).get("BATCHDROP_MANIFEST_SOURCE", "").strip()
    if value not in ("", "EventGrid", "LogsAndContainerScan"):
        raise SettingsError((f"BATCHDROP_MANIFEST_SOURCE must be EventGrid or LogsAndContainerScan, not {value!r}",))
    return value or "LogsAndContainerScan"


def connection_parts(connection_string: str) -> dict[str, str]:
    """`Name=value;...` as a mapping; names in lower case."""
    pairs = (part.partition("=") for part in connection_string.split(";") if part.strip())
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _disagreements(settings: Settings) -> list[str]:
    found = []
    if settings.batch_key_secret and not settings.batch_account:
        found.append("BATCHDROP_BATCH_ACCOUNT is missing: with BATCHDROP_BATCH_KEY_SECRET the account's name is needed")
    if not settings.batch_key_secret and settings.batch_endpoint.startswith("http://"):
        found.append(
            "BATCHDROP_BATCH_KEY_SECRET is missing: without a key BATCHDROP_BATCH_ENDPOINT must be https, "
            "as no token is ever sent over http"
        )
    if bool(settings.topic) != bool(settings.topic_key_secret):
        found.append("BATCHDROP_TOPIC and BATCHDROP_TOPIC_KEY_SECRET go together: set both, or none (queue instead)")
    if settings.poll_min > settings.poll_max:
        found.append("BATCHDROP_POLL_MIN is greater than BATCHDROP_POLL_MAX")
    return found


def _misspelt(environ: Mapping[str, str]) -> list[str]:
    """A misspelt name would be a setting that silently does nothing. Names like none of ours are other programs'."""
    known = {name.removeprefix(_OURS): name for name in READ | BOUND}
    strange = sorted(name for name in environ if name.startswith(_OURS) and not name.startswith(_CONNECTIONS))
    found = []
    for name in strange:
        meant = get_close_matches(name.removeprefix(_OURS), known, n=1, cutoff=0.75)
        if meant and name not in READ | BOUND:
            found.append(f"{name} is not a setting; did you mean {known[meant[0]]}?")
    return found


class _Reader:
    """Reads values and collects what is wrong instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def optional(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def text(self, name: str, default: str = "") -> str:
        value = self.optional(name) or default
        if not value:
            self.problems.append(f"{name} is missing")
        return value

    def address(self, name: str, *, needed: bool = False, secure: bool = False) -> str | None:
        value = self.text(name) if needed else self.optional(name)
        schemes = ("https",) if secure else ("http", "https")
        if value and (urlsplit(value).scheme not in schemes or not urlsplit(value).netloc):
            self.problems.append(f"{name} must be an address with {' or '.join(schemes)}")
        return value.rstrip("/") if value else value

    def seconds(self, name: str, default: int) -> timedelta:
        value = self.optional(name) or str(default)
        if not value.isdigit() or int(value) < 1:
            self.problems.append(f"{name} must be a whole number of seconds from 1 on, not {value!r}")
            return timedelta(seconds=default)
        return timedelta(seconds=int(value))

    def yes(self, name: str) -> bool:
        value = (self.optional(name) or "false").lower()
        if value not in ("true", "false"):
            self.problems.append(f"{name} must be true or false, not {value!r}")
        return value == "true"

    def account(self, name: str, *, queue: bool) -> StorageAccount:
        connection = self.optional(name)
        if connection:
            self._check_connection(name, connection)
            return StorageAccount(connection_string=connection)
        blob = self.address(f"{name}__blobServiceUri", secure=True)
        queues = self.address(f"{name}__queueServiceUri", secure=True) if queue else None
        if not blob or (queue and not queues):
            uris = [f"{name}__blobServiceUri"] + ([f"{name}__queueServiceUri"] if queue else [])
            self.problems.append(f"{name} (a connection string), or {' and '.join(uris)}, is missing")
        return StorageAccount(blob_uri=blob, queue_uri=queues)

    def registry(self) -> Registry | None:
        names = [f"BATCHDROP_REGISTRY_{part}" for part in ("SERVER", "USER", "PASSWORD_SECRET")]
        values = [self.optional(name) for name in names]
        if any(values) and not all(values):
            self.problems.append(f"{', '.join(names)} go together: set all three, or none")
        server, user, secret = values
        return Registry(server, user, secret) if server and user and secret else None

    def _check_connection(self, name: str, connection: str) -> None:
        parts = connection_parts(connection)
        if not parts.get("accountname") or not parts.get("accountkey"):
            self.problems.append(f"{name} must be a connection string with AccountName and AccountKey")
