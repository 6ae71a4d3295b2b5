"""What a pool's mountConfiguration asks for, ready to be mounted."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.batch_emulator.execution import Machine
from local.batch_emulator.runner.mounts.stores import Stores, account_sas
from local.batch_emulator.runner.problems import Problem

CODE = "MountConfigurationError"
_READ_ONLY = frozenset({"ro", "--read-only", "--read-only=true"})


@dataclass(frozen=True)
class Wanted:
    """A container and its place below the folder of mounts. `url` is the container's, signed."""

    place: str
    container: str
    url: str
    readonly: bool

    @property
    def name(self) -> str:
        """What logs call it."""
        return self.place.replace("/", "-")


def wanted(machine: Machine, stores: Stores) -> list[Wanted]:
    """Give all a node is to mount. Raises Problem for what cannot be opened."""
    return [_one(machine, each["azureBlobFileSystemConfiguration"], stores) for each in machine.mounts]


def _one(machine: Machine, given: Mapping[str, Any], stores: Stores) -> Wanted:
    plain = stores.container_url(given["accountName"], given["containerName"])
    words = shlex.split(str(given.get("blobfuseOptions") or "").replace(",", " "))
    readonly = bool(_READ_ONLY & set(words))
    return Wanted(given["relativeMountPath"].strip("/"), given["containerName"], _signed(machine, given, plain, stores),
                  readonly)  # fmt: skip


def _signed(machine: Machine, given: Mapping[str, Any], plain: str, stores: Stores) -> str:
    if given.get("sasKey"):
        return f"{plain}?{str(given['sasKey']).lstrip('?')}"
    if given.get("accountKey"):
        try:
            return f"{plain}?{account_sas(given['accountName'], given['accountKey'])}"
        except ValueError as error:
            raise Problem(CODE, f"The key of account {given['accountName']} is not base64") from error
    return as_identity(given.get("identityReference") or {}, plain, machine.identities, stores, CODE)


def as_identity(reference: Mapping[str, Any], url: str, identities: tuple[str, ...], stores: Stores, code: str) -> str:
    """Give a URL that a node's identity opens. Raises Problem(code) where there is no such way."""
    resource = str(reference.get("resourceId") or "")
    if resource.lower() not in {each.lower() for each in identities}:
        raise Problem(code, f"identityReference: the pool has no identity {resource or '(none named)'}")
    signed = stores.for_identity(url)
    if signed is None:
        raise Problem(code, f"identityReference: the emulator knows no key for {url}; start it with --storage")
    return signed
