"""BlobPort over azure-storage-blob."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from shared.azure.account import CHUNK, BlobAccount
from shared.azure.blob_items import conditions, item_of, plain
from shared.azure.containers import Containers
from shared.azure.copying import Copying
from shared.azure.failures import translated
from shared.azure.line import NETWORK, Line
from shared.azure.ranges import SourceRange
from shared.errors import Conflict, Refused, Vanished
from shared.ports import ANY, Blob, BlobItem, Condition
from shared.settings import StorageAccount

BLOCK = 8 * 1024 * 1024
MOST_BLOCKS = 50_000
_SHARED = "0" * 32
"""Blocks of `stage` are everybody's; those of `put_stream` are one call's own: its bytes may differ from another's."""


class AzureBlobs(Containers):
    """One storage account. `key` answers the account key (from the Key Vault); it is asked only to sign addresses."""

    def __init__(self, at: StorageAccount, key: Callable[[], str] | None = None, by: Line = NETWORK) -> None:
        super().__init__(BlobAccount(at, key, by))

    def close(self) -> None:
        """Close the connections."""
        self._account.close()

    # ------------------------------------------------------------------ reading

    def read(self, container: str, name: str) -> Blob | None:
        try:
            with translated(f"{container}/{name}"):
                answer = self._account.blob(container, name).download_blob(max_concurrency=1)
                return Blob(item_of(name, answer.properties), answer.readall())
        except Vanished:
            return None

    def head(self, container: str, name: str) -> BlobItem | None:
        try:
            with translated(f"{container}/{name}"):
                return item_of(name, self._account.blob(container, name).get_blob_properties())
        except Vanished:
            return None

    def stream(
        self, container: str, name: str, *, etag: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        position, end = offset, None if length is None else offset + length
        while end is None or position < end:
            most = CHUNK if end is None else min(CHUNK, end - position)
            chunk, size = self._range(container, name, etag, position, most)
            if not chunk:
                return
            yield chunk
            position += len(chunk)
            end = size if end is None else min(end, size)

    def list(
        self, container: str, prefix: str = "", *, metadata: bool = False, after: str | None = None
    ) -> Iterator[BlobItem]:
        asked: dict[str, Any] = {"include": ["metadata"]} if metadata else {}
        if after is not None:
            asked["start_from"] = after
        try:
            with translated(f"listing of {container}"):
                for found in self._account.container(container).list_blobs(name_starts_with=prefix or None, **asked):
                    if found.name != after:
                        yield item_of(found.name, found)
        except Vanished:
            return

    def names(self, container: str, prefix: str = "") -> Iterator[str]:
        try:
            with translated(f"listing of {container}"):
                yield from self._account.container(container).list_blob_names(name_starts_with=prefix or None)
        except Vanished:
            return

    # ------------------------------------------------------------------ writing

    def put(
        self,
        container: str,
        name: str,
        content: bytes,
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        from azure.storage.blob import ContentSettings

        with translated(f"{container}/{name}"):
            written = self._account.blob(container, name).upload_blob(
                content,
                overwrite=True,
                max_concurrency=1,
                metadata=dict(metadata or {}),
                content_settings=ContentSettings(content_type=content_type),
                **conditions(when),
            )
        return plain(written.get("etag"))

    def put_stream(self, container: str, name: str, chunks: Iterable[bytes]) -> str:
        mine, count, held = uuid.uuid4().hex, 0, bytearray()
        for chunk in chunks:
            held += chunk
            while len(held) >= BLOCK:
                self._stage(container, name, _block_id(mine, count), bytes(held[:BLOCK]))
                del held[:BLOCK]
                count += 1
        if count == 0:
            return self.put(container, name, bytes(held))
        if held:
            self._stage(container, name, _block_id(mine, count), bytes(held))
            count += 1
        return self._commit(container, name, [_block_id(mine, number) for number in range(count)], ANY, None, None)

    def stage(self, container: str, name: str, number: int, content: bytes) -> None:
        self._stage(container, name, _block_id(_SHARED, number), content)

    def stage_from(
        self,
        container: str,
        name: str,
        number: int,
        source: tuple[str, str],
        etag: str,
        offset: int,
        length: int,
    ) -> None:
        address, bearer = self._account.readable(*source)
        wanted = SourceRange("/".join(source), address, bearer, etag, offset, length)
        wanted.stage(self._account.blob(container, name), _block_id(_SHARED, number))

    def commit(
        self,
        container: str,
        name: str,
        blocks: int,
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        ids = [_block_id(_SHARED, number) for number in range(blocks)]
        return self._commit(container, name, ids, when, metadata, content_type)

    def copy(
        self,
        source: tuple[str, str],
        etag: str,
        target: tuple[str, str],
        *,
        when: Condition = ANY,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        copying = Copying(self._account.blob(*source), etag, self._account.blob(*target))
        return plain(copying.run(conditions(when), metadata))

    def delete(self, container: str, name: str) -> None:
        try:
            with translated(f"{container}/{name}"):
                self._account.blob(container, name).delete_blob()
        except Vanished:
            return

    # ------------------------------------------------------------------ inside

    def _range(self, container: str, name: str, etag: str, offset: int, length: int) -> tuple[bytes, int]:
        """Bytes from `offset` and the blob's size; no bytes when it ends before."""
        try:
            with translated(f"{container}/{name}"):
                answer = self._account.blob(container, name).download_blob(
                    offset, length, max_concurrency=1, **conditions(Condition(etag=etag))
                )
                content = answer.readall()
                return content, int((answer.properties.content_range or "/0").rpartition("/")[2])
        except Conflict as error:
            raise Vanished(f"{container}/{name}", f"{container}/{name} is not version {etag} any more") from error
        except Refused as error:
            if error.code == "InvalidRange":
                return b"", offset
            raise

    def _stage(self, container: str, name: str, block: str, content: bytes) -> None:
        with translated(f"{container}/{name}"):
            self._account.blob(container, name).stage_block(block, content)

    def _commit(
        self,
        container: str,
        name: str,
        ids: Iterable[str],
        when: Condition,
        metadata: Mapping[str, str] | None,
        content_type: str | None,
    ) -> str:
        from azure.storage.blob import BlobBlock, ContentSettings

        with translated(f"{container}/{name}"):
            written = self._account.blob(container, name).commit_block_list(
                [BlobBlock(block_id) for block_id in ids],
                metadata=dict(metadata or {}),
                content_settings=ContentSettings(content_type=content_type or "application/octet-stream"),
                **conditions(when),
            )
        return plain(written.get("etag"))


def _block_id(series: str, number: int) -> str:
    """One length for all, as the service demands of the blocks of a blob."""
    if not 0 <= number < MOST_BLOCKS:
        raise ValueError(f"block {number} is not in 0..{MOST_BLOCKS - 1}")
    return base64.b64encode(f"{series}-{number:05d}".encode()).decode()
