"""Blobs as the SDK shows them, and as the port does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shared.azure.failures import DEFAULT_DELAY
from shared.errors import Transient
from shared.ports import BlobItem, Condition

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties


def plain(etag: object) -> str:
    """Without quotes, which the service adds in headers but not in listings. Transient where there is none: a
    connection that ends within the head of an answer looks like the end of that head, and nobody below notices."""
    if not etag:
        raise Transient("an answer of storage broke off before its ETag", DEFAULT_DELAY)
    return str(etag).strip('"')


def conditions(when: Condition) -> dict[str, Any]:
    """Keywords of the SDK for a condition."""
    from azure.core import MatchConditions

    if when.absent:
        return {"match_condition": MatchConditions.IfMissing}
    if when.etag is not None:
        return {"etag": f'"{when.etag}"', "match_condition": MatchConditions.IfNotModified}
    return {}


def item_of(name: str, found: BlobProperties) -> BlobItem:
    md5 = found.content_settings.content_md5
    return BlobItem(
        name=name,
        length=found.size,
        etag=plain(found.etag),
        modified=found.last_modified,
        md5=bytes(md5).hex() if md5 else None,
        metadata=dict(found.metadata or {}),
    )
