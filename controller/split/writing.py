"""The blobs that tasks read, made from parts of one source blob. Shell.

Storage makes them itself where it can; else, and where the source is packed, the bytes pass through here, in bounded
memory. Either way a blob holds the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable

from controller.split.blocks import BLOCK, Block, in_storage, length_of, passing_through
from controller.split.parts import Part
from controller.split.pinned import Pinned, Unpacked
from controller.split.window import Window
from controller.transfer.crew import Crew
from controller.transfer.upload import MOST_BLOCKS, Upload
from shared.errors import Conflict, Refused, Unsupported

SMALL = 64 * 2**10
"""A part no longer than this that is in memory anyway is written at once: one request instead of two or more."""
FEW = 3
"""So many blocks are staged by one thread, one behind the other: prefix, range, suffix."""
Place = tuple[str, str]
Stage = Callable[[Place, int, Block], None]


class Writer:
    """`blob` is what storage can cut, `packed` what unpacks it where that is needed."""

    def __init__(self, blob: Pinned, packed: Unpacked | None, crew: Crew) -> None:
        self._blob, self._packed, self._crew = blob, packed, crew
        self._in_storage = False if packed else None
        """Does the store make blocks from ranges? None: not asked yet. Kept for this pass alone."""

    def write(self, place: Place, part: Part, window: Window | None = None) -> None:
        """The blob is on its way when this returns, and there when the crew is drained."""
        within = self._within_storage(place, part)
        if not within and length_of(part) > MOST_BLOCKS * BLOCK:
            raise Refused("SPLIT", 0, f"a part of {length_of(part)} bytes is too long to be streamed: cut it smaller")
        most = SMALL if within else BLOCK
        held = window.take(part.offset, part.length) if window and part.length <= most else None
        if held is not None:
            self._crew.submit(self._blob.port.put, *place, part.prefix + held + part.suffix)
        elif within:
            self._compose(place, part, list(in_storage(part)), self._stage_range)
        elif self._packed:
            self._pour(self._packed, place, part)
        elif part.length <= BLOCK:
            self._crew.submit(self._carry, place, *passing_through(part))
        else:
            self._compose(place, part, list(passing_through(part)), self._stage_bytes)

    def _within_storage(self, place: Place, part: Part) -> bool:
        """One small request tells; its block is replaced, or thrown away, when the part is written."""
        if self._in_storage is None:
            try:
                self._blob.port.stage_from(*place, 0, self._blob.place, self._blob.etag, part.offset, 1)
                self._in_storage = True
            except Unsupported:
                self._in_storage = False
        return self._in_storage

    def _compose(self, place: Place, part: Part, blocks: list[Block], stage: Stage) -> None:
        if len(blocks) <= FEW:
            self._crew.submit(self._stage_and_commit, place, blocks, stage, length_of(part))
            return
        staged = []
        for number, block in enumerate(blocks):
            staged.append(self._crew.submit(stage, place, number, block))
            self._blob.moved()
        self._crew.submit(self._commit, place, [each.result for each in staged], length_of(part))

    def _stage_and_commit(self, place: Place, blocks: list[Block], stage: Stage, length: int) -> None:
        for number, block in enumerate(blocks):
            stage(place, number, block)
        self._commit(place, [lambda: None for _ in blocks], length)

    def _commit(self, place: Place, staged: list[Callable[[], None]], length: int) -> None:
        """An equally long blob that another worker committed meanwhile is this one: the plan makes it, not we."""
        for wait in staged:
            wait()
        try:
            self._blob.port.commit(*place, len(staged))
        except Conflict:
            there = self._blob.port.head(*place)
            if there is None or there.length != length:
                raise

    def _stage_range(self, place: Place, number: int, block: Block) -> None:
        if block.length:
            blob = self._blob
            blob.port.stage_from(*place, number, blob.place, blob.etag, block.offset, block.length)
        else:
            self._blob.port.stage(*place, number, block.before + block.after)

    def _stage_bytes(self, place: Place, number: int, block: Block) -> None:
        self._blob.port.stage(*place, number, self._content(block))

    def _carry(self, place: Place, block: Block) -> None:
        self._blob.port.put(*place, self._content(block))

    def _content(self, block: Block) -> bytes:
        content = self._blob.read(block.offset, block.length)
        return block.before + content + block.after if block.before or block.after else content

    def _pour(self, packed: Unpacked, place: Place, part: Part) -> None:
        upload = Upload(self._blob.port, self._crew, place)
        upload.add(part.prefix)
        for piece in packed.range(part.offset, part.length):
            upload.add(piece)
        upload.add(part.suffix)
        upload.close()
