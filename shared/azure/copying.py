"""A server-side copy within one account, asked for and followed to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shared.azure.deadline import pause
from shared.azure.failures import translated
from shared.errors import BatchdropError, Conflict, Refused, Transient, Vanished

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient, BlobProperties

LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Copying:
    """One version of a blob, on its way to another name."""

    source: BlobClient
    etag: str
    target: BlobClient

    def run(self, when: Mapping[str, Any], metadata: Mapping[str, str] | None) -> str:
        """The ETag of the finished copy. A copy that an earlier pass began is followed, not begun again."""
        try:
            begun = self._begin(when, metadata)
        except (Conflict, Transient) as error:
            self._judge(error)
            return self._follow()
        return str(begun["etag"]) if begun["copy_status"] == "success" else self._follow()

    @property
    def _name(self) -> str:
        return f"{self.source.container_name}/{self.source.blob_name}"

    def _begin(self, when: Mapping[str, Any], metadata: Mapping[str, str] | None) -> dict[str, Any]:
        from azure.core import MatchConditions

        with translated(self._name):
            return self.target.start_copy_from_url(
                self.source.url,
                metadata=None if metadata is None else dict(metadata),
                source_etag=f'"{self.etag}"',
                source_match_condition=MatchConditions.IfNotModified,
                **when,
            )

    def _judge(self, error: Conflict | Transient) -> None:
        """Return when the target is our own unfinished copy. The code does not always say whose condition failed."""
        found = _look(self.target)
        if found and found.copy.status == "pending" and found.copy.source == self.source.url:
            return
        there = _look(self.source)
        if isinstance(error, Conflict) and (there is None or there.etag.strip('"') != self.etag):
            raise Vanished(self._name, f"{self._name} is not version {self.etag} any more") from error
        raise error

    def _follow(self) -> str:
        while True:
            found = _look(self.target)
            if found is None:
                raise Vanished(self.target.blob_name, f"the copy of {self._name} was deleted before it was done")
            if found.copy.status == "success":
                return str(found.etag)
            if found.copy.status != "pending":
                raise self._ended(str(found.copy.status), found.copy.status_description or "")
            pause(LOOK_SECONDS)

    def _ended(self, status: str, description: str) -> BatchdropError:
        """`description` begins with the HTTP status that the copying met."""
        said = f"the copy of {self._name} ended as {status}: {description}"
        if description[:3] in ("404", "412"):
            return Vanished(self._name, said)
        return Refused("CopyFailed", 409, said) if status == "failed" else Conflict(said)


def _look(blob: BlobClient) -> BlobProperties | None:
    try:
        with translated(blob.blob_name):
            return blob.get_blob_properties()
    except Vanished:
        return None
