"""From results/<job id>/ to merge.to: one server-side copy, conditional on what it replaces. Shell."""

from __future__ import annotations

from controller.merge.results import Place, Result, ours, place_of
from controller.merge.work import Merging
from shared.errors import Conflict, Defect, Refused, Vanished
from shared.ports import ABSENT, BlobItem, Condition

TRIES = 5


def published(work: Merging, place: Place) -> Result | None:
    """The copy that an earlier pass has published; the one under results/<job id>/ is then removed."""
    there = ours(work.job, place, work.ports.work.head(*place))
    if there is not None:
        work.ports.work.delete(*place_of(work.target.own))
    return there


def publish(work: Merging, result: Result, place: Place) -> tuple[Result, str | None]:
    """The result where it is now, and why it is not at `place` (None: it is, verified, and nowhere else).

    A result is never lost to a name: where the copy cannot be made, it stays where it was committed.
    """
    for _ in range(TRIES):
        there = work.ports.work.head(*place)
        copy = ours(work.job, place, there)
        if copy is not None:
            return _verified(work, result, copy), None
        if there is not None and not work.target.may_replace(there):
            return result, f"{'/'.join(place)} exists already, and merge.ifExists is fail"
        why = _copy(work, result, place, there)
        if why is not None and work.ports.work.head(*result.place) is not None:
            return result, why
    return result, f"{'/'.join(place)} is changed by others again and again"


def _copy(work: Merging, result: Result, place: Place, there: BlobItem | None) -> str | None:
    """Why it cannot be done; None: done, or to be looked at again."""
    when = Condition(etag=there.etag) if there else ABSENT
    try:
        work.ports.work.copy(result.place, result.etag, place, when=when, metadata=result.metadata(work.job))
    except Conflict:
        return None
    except (Refused, Vanished) as error:
        return str(error)
    return None


def _verified(work: Merging, result: Result, copy: Result) -> Result:
    if (copy.length, copy.hash) != (result.length, result.hash):
        raise Defect(f"{work.job}: the copy at {'/'.join(copy.place)} is not its result")
    work.ports.work.delete(*result.place)
    return copy
