"""Ids of resources as Azure Resource Manager writes them. Their fixed words are read in any case."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GROUP = r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers"
_BATCH_ACCOUNT = re.compile(_GROUP + r"/Microsoft\.Batch/batchAccounts/(?P<name>[^/]+)", re.IGNORECASE)
_IDENTITY = re.compile(_GROUP + r"/Microsoft\.ManagedIdentity/userAssignedIdentities/[^/]+", re.IGNORECASE)
_SUBNET = re.compile(_GROUP + r"/Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+", re.IGNORECASE)

BATCH_ACCOUNT_FORM = "/subscriptions/.../resourceGroups/.../providers/Microsoft.Batch/batchAccounts/..."
IDENTITY_FORM = "/subscriptions/.../resourceGroups/.../providers/Microsoft.ManagedIdentity/userAssignedIdentities/..."
SUBNET_FORM = "/subscriptions/.../resourceGroups/.../providers/Microsoft.Network/virtualNetworks/.../subnets/..."


@dataclass(frozen=True)
class BatchAccountId:
    """A Batch account."""

    subscription: str
    group: str
    name: str


def batch_account_id(text: str) -> BatchAccountId | None:
    """The parts of a Batch account's id; None for anything else."""
    found = _BATCH_ACCOUNT.fullmatch(text)
    return BatchAccountId(**found.groupdict()) if found else None


def identity_id(text: str) -> str | None:
    """The same, if it is the id of a user-assigned identity."""
    return text if _IDENTITY.fullmatch(text) else None


def subnet_id(text: str) -> str | None:
    """The same, if it is the id of a subnet."""
    return text if _SUBNET.fullmatch(text) else None
