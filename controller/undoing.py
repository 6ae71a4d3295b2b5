"""What a pass made and nobody else tears down: by the record of whoever was faster. Pure."""

from __future__ import annotations

from controller.rules.ending import awaits_merge
from controller.rules.side import side
from shared import actions as act
from shared.record import Record, Which


def is_orphan(action: act.Action | None, there: Record | None) -> bool:
    """Will nobody delete what the action made? `there`: the record as it is now.

    A record that speaks of the thing has its deletion before it, and its job may need the thing until then: the one
    that was faster may have been this very pass, whose save went through and whose answer was lost.
    """
    if there is None:
        return True
    if there.verdict is None:
        return False
    match action:
        case act.CreatePool():
            return there.pool is None or there.pool_deletion_asked is not None or there.final is not None
        case act.CreateJob():
            return there.batch_job is None or there.final is not None
        case act.MakeContainers():
            return there.containers is None or there.containers_gone is not None
        case act.CreateSidePool(which) | act.StartSide(which):
            return is_side_over(there, which)
        case _:
            return False


def is_side_over(there: Record, which: Which) -> bool:
    """Is it deleted by now, or will it never be asked for?"""
    found = side(there, which)
    if found.made:
        return found.dropped is not None or found.gone is not None
    return which == "splitter" or not awaits_merge(there)
