"""The half of BlobPort that is about containers and addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from shared.azure.account import POLICY, BlobAccount
from shared.azure.failures import translated
from shared.errors import Conflict, Refused, Vanished
from shared.ports import ContainerItem


class Containers:
    """The containers of one storage account."""

    def __init__(self, account: BlobAccount) -> None:
        self._account = account

    @property
    def account(self) -> str:
        """The account's name."""
        return self._account.name

    def create_container(self, name: str, metadata: Mapping[str, str]) -> None:
        try:
            with translated(f"container {name}"):
                self._account.container(name).create_container(metadata=dict(metadata))
        except Refused as error:
            if error.code != "ContainerAlreadyExists":
                raise

    def container_exists(self, name: str) -> bool:
        try:
            with translated(f"container {name}"):
                self._account.container(name).get_container_properties()
        except Vanished:
            return False
        return True

    def delete_container(self, name: str) -> None:
        try:
            with translated(f"container {name}"):
                self._account.container(name).delete_container()
        except Vanished:
            return
        except Conflict as error:  # someone holds a lease on it: nothing that reading again would mend
            raise Refused("LeaseIdMissing", 412, str(error)) from error

    def list_containers(self, prefix: str) -> Iterator[ContainerItem]:
        with translated(f"containers {prefix}*"):
            for found in self._account.service.list_containers(name_starts_with=prefix, include_metadata=True):
                yield ContainerItem(found.name, found.last_modified, dict(found.metadata or {}))

    def mark_container(self, name: str, metadata: Mapping[str, str]) -> None:
        try:
            with translated(f"container {name}"):
                self._account.container(name).set_container_metadata(dict(metadata))
        except Vanished:
            return

    def allow(self, container: str, permissions: str, until: datetime) -> None:
        """The service may take 30 s to know the policy: what is signed by it is refused until then.

        An account without a signing key signs nothing that a policy could bound: there none is written, or removed.
        """
        if not self._account.signs:
            return
        from azure.storage.blob import AccessPolicy

        policy = AccessPolicy(permission=permissions, expiry=until)
        with translated(f"access policy of {container}"):
            self._account.container(container).set_container_access_policy({POLICY: policy})

    def revoke(self, container: str) -> None:
        if not self._account.signs:
            return
        try:
            with translated(f"access policy of {container}"):
                self._account.container(container).set_container_access_policy({})
        except Vanished:
            return

    # ------------------------------------------------------------------ addresses

    def url(self, container: str, name: str = "") -> str:
        return self._account.url(container, name)

    def signed_by_policy(self, container: str, name: str = "") -> str:
        return self._account.signed_by_policy(container, name)

    def signed_read(self, container: str, name: str, until: datetime) -> str:
        return self._account.signed_read(container, name, until)
