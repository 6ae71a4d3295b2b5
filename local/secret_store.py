"""Secrets with their versions, and the deleted ones until they are purged: what a Key Vault keeps, in memory."""

import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

RECOVERABLE_DAYS = 90
_NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
_LONGEST_VALUE = 25 * 1024


class VaultRefusal(Exception):
    """A request that the vault answers with an error: HTTP `status`, the service's `code`, maybe an inner one."""

    def __init__(self, status: int, code: str, message: str, inner: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.inner = status, code, message, inner


@dataclass(frozen=True)
class Details:
    """What may be changed about a version without changing its value. Times in Unix seconds."""

    content_type: str | None = None
    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Secret:
    """One version of a secret."""

    name: str
    version: str
    value: str
    created: int
    updated: int
    details: Details


@dataclass(frozen=True)
class DeletedSecret:
    """All versions of a deleted secret, oldest first."""

    versions: tuple[Secret, ...]
    deleted: int

    @property
    def purged_on(self) -> int:
        """When Azure would purge it by itself; here nothing does."""
        return self.deleted + RECOVERABLE_DAYS * 24 * 3600


class SecretStore:
    """Safe for threads. Every method raises VaultRefusal as the service would answer."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._secrets: dict[str, tuple[Secret, ...]] = {}
        self._deleted: dict[str, DeletedSecret] = {}

    def set(self, name: str, value: str, details: Details | None = None) -> Secret:
        """A new version, which becomes the latest one."""
        _check(name, value)
        with self._lock:
            if name in self._deleted:
                message = (
                    f"Secret {name} is currently in a deleted but recoverable state, and its name cannot be reused"
                )
                raise VaultRefusal(409, "Conflict", message, "ObjectIsDeletedButRecoverable")
            now = int(self._clock())
            secret = Secret(name, uuid.uuid4().hex, value, now, now, details or Details())
            self._secrets[name] = (*self._secrets.get(name, ()), secret)
            return secret

    def get(self, name: str, version: str = "") -> Secret:
        """One version, by default the latest. A disabled one is refused."""
        secret = self.find(name, version)
        if not secret.details.enabled:
            raise VaultRefusal(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled")
        return secret

    def find(self, name: str, version: str = "") -> Secret:
        """The same, disabled ones too."""
        for secret in reversed(self.versions(name)):
            if version in ("", secret.version):
                return secret
        raise _missing(f"{name}/{version}")

    def versions(self, name: str) -> tuple[Secret, ...]:
        """All versions, oldest first."""
        with self._lock:
            if name not in self._secrets:
                raise _missing(name)
            return self._secrets[name]

    def update(self, name: str, version: str, change: Callable[[Details], Details]) -> Secret:
        """Change the details of one version."""
        with self._lock:
            old = self.find(name, version)
            new = replace(old, details=change(old.details), updated=int(self._clock()))
            self._secrets[name] = tuple(new if each is old else each for each in self._secrets[name])
            return new

    def latest(self) -> tuple[Secret, ...]:
        """The latest version of every secret, by name."""
        with self._lock:
            return tuple(self._secrets[name][-1] for name in sorted(self._secrets))

    def delete(self, name: str) -> DeletedSecret:
        """Set a secret aside with all its versions; its name is taken until it is purged or recovered."""
        with self._lock:
            deleted = DeletedSecret(self.versions(name), int(self._clock()))
            del self._secrets[name]
            self._deleted[name] = deleted
            return deleted

    def get_deleted(self, name: str) -> DeletedSecret:
        """A deleted secret."""
        with self._lock:
            if name not in self._deleted:
                raise _missing(name, "deleted secret")
            return self._deleted[name]

    def all_deleted(self) -> tuple[DeletedSecret, ...]:
        """Every deleted secret, by name."""
        with self._lock:
            return tuple(self._deleted[name] for name in sorted(self._deleted))

    def recover(self, name: str) -> Secret:
        """Undo a deletion; the latest version."""
        with self._lock:
            self._secrets[name] = self.get_deleted(name).versions
            del self._deleted[name]
            return self._secrets[name][-1]

    def purge(self, name: str) -> None:
        """Forget a deleted secret for good."""
        with self._lock:
            self.get_deleted(name)
            del self._deleted[name]


def _check(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise VaultRefusal(400, "BadParameter", f"The secret name {name!r} does not match [0-9a-zA-Z-]{{1,127}}.")
    if len(value.encode()) > _LONGEST_VALUE:
        raise VaultRefusal(400, "BadParameter", f"The secret value is longer than {_LONGEST_VALUE} bytes.")


def _missing(name: str, kind: str = "secret") -> VaultRefusal:
    code = "SecretNotFound"
    return VaultRefusal(404, code, f"A {kind} with (name/id) {name} was not found in this key vault.")
