"""By which right a node gets at blobs: by a signature in the address, or by an identity that it bears.

Each answer is the part of a request that says where something is and who may have it; what it is, and where it lands,
is the caller's to add.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from shared.errors import Defect
from shared.specs import MountSpec, Source

Body = dict[str, Any]


class Signer(Protocol):
    """What makes addresses that a node can read from and write to."""

    @property
    def account(self) -> str: ...

    def signed_by_policy(self, container: str, name: str = "") -> str: ...

    def signed_read(self, container: str, name: str, until: datetime) -> str: ...


class Addresses(Protocol):
    """What knows the plain address of a blob or container."""

    @property
    def account(self) -> str: ...

    def url(self, container: str, name: str = "") -> str: ...


class NodeAccess(Protocol):
    """Parts of a request, in wire form."""

    def for_one_request(self) -> NodeAccess:
        """The same, remembering what it answered: the tasks of one request share most of it. For one thread."""
        ...

    def blob(self, source: Source) -> Body:
        """`httpUrl`: where a node reads a blob."""
        ...

    def folder(self, container: str) -> Body:
        """`storageContainerUrl`: where a node reads many blobs of a job container."""
        ...

    def target(self, container: str) -> Body:
        """`containerUrl`: where a node writes to in a job container."""
        ...

    def mount(self, spec: MountSpec) -> Body:
        """`accountName`, and what opens the container to a node that mounts it."""
        ...

    def opens(self, identities: Iterable[str]) -> bool:
        """Can nodes with these identities (ARM ids) get at what is named this way?"""
        ...


class SignedAccess:
    """Every address is signed."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def for_one_request(self) -> SignedAccess:
        return SignedAccess(SignedOnce(self._signer))

    def blob(self, source: Source) -> Body:
        return {"httpUrl": self._address(source)}

    def folder(self, container: str) -> Body:
        return {"storageContainerUrl": self._signer.signed_by_policy(container)}

    def target(self, container: str) -> Body:
        return {"containerUrl": self._signer.signed_by_policy(container)}

    def mount(self, spec: MountSpec) -> Body:
        """A SAS and never the account key, which would open everything, for ever."""
        if spec.until is None:
            address = self._signer.signed_by_policy(spec.container)
        else:
            address = self._signer.signed_read(spec.container, "", spec.until)
        return {"accountName": self._signer.account, "sasKey": address.partition("?")[2]}

    def opens(self, identities: Iterable[str]) -> bool:
        return True

    def _address(self, source: Source) -> str:
        if source.job_container:
            return self._signer.signed_by_policy(source.container, source.blob)
        if source.until is None:
            raise Defect(
                f"{source.container}/{source.blob}: outside the job's containers a blob is signed until a date"
            )
        return self._signer.signed_read(source.container, source.blob, source.until)


class IdentityAccess:
    """Plain addresses, opened by a user-assigned identity (its ARM id) that the pool bears. Nothing is signed."""

    def __init__(self, addresses: Addresses, identity: str) -> None:
        self._addresses = addresses
        self._right: Body = {"identityReference": {"resourceId": identity}}
        self._identity = identity.lower()

    def for_one_request(self) -> IdentityAccess:
        return self

    def blob(self, source: Source) -> Body:
        return {"httpUrl": self._addresses.url(source.container, source.blob), **self._right}

    def folder(self, container: str) -> Body:
        return {"storageContainerUrl": self._addresses.url(container), **self._right}

    def target(self, container: str) -> Body:
        return {"containerUrl": self._addresses.url(container), **self._right}

    def mount(self, spec: MountSpec) -> Body:
        return {"accountName": self._addresses.account, **self._right}

    def opens(self, identities: Iterable[str]) -> bool:
        return self._identity in {each.lower() for each in identities}


class SignedOnce:
    """A signer that remembers what it signed. For one thread."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.account = signer.account
        self._known: dict[tuple[str, str, datetime | None], str] = {}

    def signed_by_policy(self, container: str, name: str = "") -> str:
        known = self._known.get((container, name, None))
        return known or self._known.setdefault((container, name, None), self._signer.signed_by_policy(container, name))

    def signed_read(self, container: str, name: str, until: datetime) -> str:
        known = self._known.get((container, name, until))
        return known or self._known.setdefault(
            (container, name, until), self._signer.signed_read(container, name, until)
        )
