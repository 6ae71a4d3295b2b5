"""SecretPort over Key Vault: read when needed, kept for 10 minutes, never written anywhere."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from shared.azure.failures import translated
from shared.azure.line import NETWORK, Line
from shared.errors import Refused, Vanished
from shared.ports import Clock
from shared.veil import VEIL

if TYPE_CHECKING:
    from azure.keyvault.secrets import SecretClient

KEPT = timedelta(minutes=10)
DENIED = "SECRET_DENIED"


class VaultSecrets:
    """The secrets of one Key Vault; the credential is the process's own unless another is given."""

    def __init__(self, url: str, clock: Clock, by: Line = NETWORK) -> None:
        self._url, self._clock, self._by = url, clock, by
        self._transport = by.open()
        self._client: SecretClient | None = None
        self._known: dict[str, tuple[str, datetime]] = {}
        self._guard = threading.Lock()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def get(self, name: str) -> str:
        """The value, at most 10 minutes old. Refused, code SECRET_DENIED, when it may not be read or is not there."""
        with self._guard:
            value, read = self._known.get(name, ("", None))
        if read is not None and self._clock.now() - read < KEPT:
            return value
        return self.reread(name)

    def reread(self, name: str) -> str:
        """The value as the vault has it now: for when a service refuses the one that is kept."""
        value = self._twice(name)
        with self._guard:
            self._known[name] = (value, self._clock.now())
        return value

    def _twice(self, name: str) -> str:
        """A refusal is tried once more: rights that were given a moment ago, or a new version, take effect."""
        try:
            return self._read(name)
        except Refused as error:
            if error.status not in (401, 403):
                raise
        try:
            return self._read(name)
        except Refused as error:
            raise self._denied(name, error.status, error) from error

    def _read(self, name: str) -> str:
        try:
            with translated(f"secret {name} of {self._url}", mute=True):  # a vault's words may hold what it keeps
                value = self._opened().get_secret(name).value or ""
        except Vanished as error:
            raise self._denied(name, 404, error) from error
        VEIL.learn(value)
        return value

    def _denied(self, name: str, status: int, cause: Exception) -> Refused:
        fix = f"let the Function App's identity read secret {name} (role Key Vault Secrets User), and set it"
        return Refused(DENIED, status, f"{cause}. {fix}")

    def _opened(self) -> SecretClient:
        with self._guard:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> SecretClient:
        from azure.keyvault.secrets import SecretClient

        from shared.azure.transport import core_options

        return SecretClient(self._url, self._by.identity(), **core_options(self._transport))
