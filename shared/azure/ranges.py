"""A range of one blob becomes a block of another, within the storage service (Put Block From URL)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.azure.failures import code_of, translated
from shared.errors import Vanished

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

LONGEST = 4000 * 1024 * 1024
"""What the service takes into one block."""


@dataclass(frozen=True)
class SourceRange:
    """`length` bytes from `offset` on of version `etag` of `name`. `address` carries a signature, or `bearer` a token:
    the service reads the source with these, whoever asks."""

    name: str
    address: str
    bearer: str | None
    etag: str
    offset: int
    length: int

    def stage(self, target: BlobClient, block: str) -> None:
        """Vanished, naming the source, when it is not that version any more; Unsupported where the store cannot."""
        if not 0 < self.length <= LONGEST:
            raise ValueError(f"a range of {self.length} bytes is not in 1..{LONGEST}")
        try:
            with translated(f"{target.container_name}/{target.blob_name} from {self.name}"):
                target.stage_block_from_url(
                    block,
                    self.address,
                    self.offset,
                    self.length,
                    source_authorization=self.bearer,
                    headers={"x-ms-source-if-match": f'"{self.etag}"'},  # the SDK has no keyword for it
                )
        except Vanished as error:
            if isinstance(error.__cause__, Exception) and code_of(error.__cause__) == "ContainerNotFound":
                raise  # the target's: a source that is missing, with its container or without, cannot be verified
            raise Vanished(self.name, f"{self.name} is not version {self.etag} any more: {error}") from error
