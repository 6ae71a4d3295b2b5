"""One blob, written piece by piece: a small one by one request, a big one block by block. Shell."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future

from controller.transfer.crew import Crew
from shared.errors import Conflict, Refused
from shared.ports import ANY, BlobPort, Condition

BLOCK = 4 * 2**20
MOST_BLOCKS = 50_000


class Upload:
    """Bytes go in by `add`, the blob is there when the future of `close` is done.

    Without a condition, an equally long blob that another worker committed meanwhile is this one: what we write is a
    pure function of the plan. With a condition, Conflict comes out of the future. `staged`: so many blocks were staged
    by an earlier pass; `add` goes on behind them.
    """

    def __init__(
        self,
        port: BlobPort,
        crew: Crew,
        place: tuple[str, str],
        *,
        block: int = BLOCK,
        when: Condition = ANY,
        content_type: str = "application/octet-stream",
        staged: int = 0,
    ) -> None:
        self.length = staged * block
        self._content_type = content_type
        self._port, self._crew, self._place, self._block, self._when = port, crew, place, block, when
        self._held = bytearray()
        self.blocks = staged
        """Handed in so far, earlier passes included."""
        self._waiting: deque[Future[None]] = deque()

    def add(self, data: bytes) -> bool:
        """Take more bytes; True when a block went out."""
        self._held += data
        self.length += len(data)
        before = self.blocks
        while len(self._held) >= self._block:
            self._stage(self._block)
        return self.blocks > before

    def staged(self) -> int:
        """How many blocks, from the first on, are there for sure; the error of one that failed."""
        while self._waiting and self._waiting[0].done():
            self._waiting.popleft().result()
        return self.blocks - len(self._waiting)

    def open_block(self, length: int) -> bytes:
        """The first bytes of the block that has not gone out yet."""
        return bytes(self._held[:length])

    def close(self, metadata: Mapping[str, str] | None = None) -> Future[str]:
        """The ETag of the whole blob, in time. A Conflict is the caller's alone: the crew does not meet it again."""
        hand_in = self._crew.submit if self._when == ANY else self._crew.start
        if not self.blocks:
            return hand_in(self._put, bytes(self._held), metadata)
        if self._held:
            self._stage(len(self._held))
        return hand_in(self._commit, metadata)

    def _stage(self, size: int) -> None:
        if self.blocks >= MOST_BLOCKS:
            raise Refused("MERGE", 0, f"{'/'.join(self._place)} would be over {MOST_BLOCKS * self._block} bytes")
        content = bytes(self._held[:size])
        del self._held[:size]
        self._waiting.append(self._crew.submit(self._port.stage, *self._place, self.blocks, content))
        self.blocks += 1

    def _put(self, content: bytes, metadata: Mapping[str, str] | None) -> str:
        return self._port.put(
            *self._place, content, when=self._when, metadata=metadata, content_type=self._content_type
        )

    def _commit(self, metadata: Mapping[str, str] | None) -> str:
        while self._waiting:
            self._waiting.popleft().result()
        try:
            return self._port.commit(
                *self._place, self.blocks, when=self._when, metadata=metadata, content_type=self._content_type
            )
        except Conflict:
            there = self._port.head(*self._place) if self._when == ANY else None
            if there is None or there.length != self.length:
                raise
            return there.etag
