"""Give nodes a new disk; each may be asked for twice: one that is on its way is left alone."""

from __future__ import annotations

import logging

from controller.rules.side import side
from controller.steps.work import Work
from shared.errors import Refused
from shared.logs import note
from shared.names import side_id
from shared.record import Record, Reimaged, Which

log = logging.getLogger("batchdrop.reimage")


def reimage(record: Record, nodes: tuple[str, ...], which: Which | None, work: Work) -> Record:
    """A node that cannot be reimaged now stays as noted: the next look asks again."""
    if which is None:
        return record.model_copy(update={"reimaged": asked(record.reimaged, record.pool_id, nodes, work)})
    found = side(record, which)
    changed = asked(found.reimaged, side_id(record.job, which), nodes, work)
    return record.model_copy(update={which: found.model_copy(update={"reimaged": changed})})


def asked(reimaged: Reimaged, pool: str, nodes: tuple[str, ...], work: Work) -> Reimaged:
    """What Batch refuses for good is noted: the job is no worse off than without it."""
    taken, refused = set(), None
    try:
        for node in nodes:
            if work.ports.batch.reimage_node(pool, node):
                taken.add(node)
    except Refused as error:
        note(log, "not reimaged", logging.WARNING, why=error)
        refused = error.code
    noted = tuple(each.model_copy(update={"asked": each.asked or each.node in taken}) for each in reimaged.nodes)
    return reimaged.model_copy(update={"nodes": noted, "refused": refused})
