"""One result, committed once under results/<job id>/. Shell.

Composed within the storage service where its bytes need no change, streamed through here otherwise. Both ways give the
same bytes, and which one is taken is decided once.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from controller.merge.composing import Composition
from controller.merge.joined import Joined
from controller.merge.reducing import Reduction
from controller.merge.registry import CONTENT_TYPES
from controller.merge.results import HashKind, Place, Result, described, ours, place_of
from controller.merge.sizes import Sizes
from controller.merge.streaming import Stream, Written, write
from controller.merge.survey import Survey, parts_hash
from controller.merge.work import Merging
from controller.merge.zipping import Zipping
from shared.errors import Conflict, Refused, Unsupported
from shared.logs import note
from shared.record import MergeCursor

log = logging.getLogger("batchdrop.merge")


def commit(work: Merging, found: Survey) -> Result | None:
    """Make the result and commit it, or adopt what another pass of this job committed meanwhile.

    None where blocks of earlier passes are gone: the cursor is at the start again. Refused with MERGE where a blob of
    someone else is there, or an output cannot be joined.
    """
    committing = _Committing(work)
    try:
        written = committing.composed(found) or committing.streamed(found)
    except Conflict:
        return _adopted(work, committing.place)
    kind, value = committing.hash
    return Result(committing.place, written.etag, written.length, kind, value, committing.records)


def way_of(by: str, found: Survey, sizes: Sizes, *, reduced: bool) -> tuple[bool, str]:
    """Whether the result is composed, and why it is not. Pure."""
    if by not in ("concat", "lines") or reduced:
        return False, f"{by} changes what stands between the outputs"
    if found.bytes < sizes.compose_from:
        return False, "it is small"
    if by == "lines" and found.bytes < sizes.lines_from * found.parts:
        return False, "its outputs are short: looking at the end of each would cost more requests than reading them"
    if found.unhashed is not None:
        return False, f"the store keeps no MD5 of the output of {found.unhashed}, so that its hash could not be told"
    return True, ""


class _Committing:
    """`hash` and `records` are those of what was written last."""

    def __init__(self, work: Merging) -> None:
        self._work = work
        self.place: Place = place_of(work.target.own)
        self.hash: tuple[HashKind, str] = ("sha256", "")
        self.records: int | None = None
        self._content_type = CONTENT_TYPES.get(work.by, "application/octet-stream")
        self._stream: Stream | None = None

    def composed(self, found: Survey) -> Written | None:
        """None where it is to be streamed."""
        way = self._work.pulse.cursor.way
        reduced = self._work.manifest.merge.reduce is not None
        fits, why = way_of(self._work.by, found, self._work.sizes, reduced=reduced)
        if way == "streamed" or not fits:
            note(log, "streamed", why=why)
            return None
        self._turn("composed")
        try:
            return Composition(self._work).write(self.place, self._describe, self._content_type)
        except Unsupported as error:
            note(log, "streamed", why=error)
            return None

    def streamed(self, found: Survey) -> Written:
        self._turn("streamed")
        self._stream = stream_of(self._work)
        block = block_of(found, self._work.sizes)
        return write(self._work, self.place, self._stream, block, self._describe, self._content_type)

    def _turn(self, way: str) -> None:
        """What was staged the other way is left."""
        cursor = self._work.pulse.cursor
        if cursor.way != way:
            self._work.pulse.cursor = MergeCursor.model_validate({"way": way, "made": cursor.made})

    def _describe(self, sha256: str | None) -> Mapping[str, str]:
        self.hash = ("sha256", sha256) if sha256 else ("parts", parts_hash(self._work.outputs()))
        self.records = self._stream.records if self._stream else None
        kind, value = self.hash
        return described(self._work.job, kind, value, self.records)


def stream_of(work: Merging) -> Stream:
    """The result as a stream."""
    if work.by == "zip":
        return Zipping(work)
    reduce = work.manifest.merge.reduce
    return Reduction(work, reduce) if reduce else Joined(work)


def block_of(found: Survey, sizes: Sizes) -> int:
    """Bytes of a block: twice as many where a result with much between its outputs would need too many."""
    likely = found.bytes * 3 // 2
    return sizes.block if likely <= sizes.block * sizes.blocks else 2 * sizes.block


def _adopted(work: Merging, place: Place) -> Result | None:
    there = work.ports.work.head(*place)
    if there is None:
        work.pulse.cursor = MergeCursor(made=work.pulse.cursor.made)
        return None
    result = ours(work.job, place, there)
    if result is None:
        raise Refused("MERGE", 0, f"{'/'.join(place)} is there and was not made by {work.job}: move it away")
    return result
