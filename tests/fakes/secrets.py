"""A Key Vault in memory."""

from __future__ import annotations

from shared.errors import Refused
from tests.fakes.faults import Faulty, port


class MemorySecrets(Faulty):
    """A `SecretPort`. `values`: what the vault holds; a name that is not there is denied, as by the edge."""

    def __init__(self, values: dict[str, str] | None = None) -> None:
        super().__init__()
        self.values = dict(values or {})

    @port
    def get(self, name: str) -> str:
        if name not in self.values:
            raise Refused("SECRET_DENIED", 404, f"secret {name} cannot be read: the vault holds none of that name")
        return self.values[name]
