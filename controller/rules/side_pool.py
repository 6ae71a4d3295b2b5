"""Why the user's splitter or recombiner does not come on: what its one node, or the lack of it, shows. Pure."""

from __future__ import annotations

from datetime import datetime

from controller.quota import is_core_quota
from controller.rules import reimaging
from controller.rules.case import Case
from controller.rules.conditions import FATAL, UNUSABLE_AFTER, code_of, is_same, of_node
from shared.codes import Code
from shared.record import Failure, Side, Waiting, Which


def useless(case: Case, which: Which) -> Failure | None:
    """Its image cannot be pulled, its start task fails, or its node stays unusable for a quarter of an hour."""
    found = of_its_node(case, which) or of_its_preparation(case, which)
    if found is None or found.code in FATAL:
        return found
    mends = reimaging.AGAIN in found.evidence
    return found if not mends and case.now - since(case, found) >= UNUSABLE_AFTER else None


def waiting(case: Case, which: Which, gives_up_at: datetime | None) -> tuple[Waiting, ...]:
    """What it waits for; empty while it runs or starts."""
    why = of_its_node(case, which) or of_its_pool(case, which) or of_its_preparation(case, which)
    if why is None:
        return ()
    return (Waiting(**why.model_dump(), since=since(case, why), gives_up_at=gives_up_at),)


def since(case: Case, why: Failure) -> datetime:
    return next((each.since for each in case.record.waiting if is_same(each, why)), case.now)


def of_its_node(case: Case, which: Which) -> Failure | None:
    nodes = case.seen.side_nodes
    if nodes.running + nodes.idle + nodes.starting or not case.seen.side_node_errors:
        return None
    errors = sorted(case.seen.side_node_errors, key=lambda error: code_of(error) not in FATAL)
    found = of_node(errors[0])
    return found.model_copy(update={"message": f"The {which} cannot run. {found.message}"})


def has_node(case: Case) -> bool:
    return case.seen.side_nodes.running + case.seen.side_nodes.idle > 0


def of_its_preparation(case: Case, which: Which) -> Failure | None:
    """The splitter's reference data is fetched again, or cannot be had; the recombiner reads none."""
    if case.seen.side_nodes.running:
        return None
    nodes = nodes_of(case, case.record.splitter if which == "splitter" else case.record.recombiner)
    found = reimaging.mending(nodes) or reimaging.useless(nodes)
    return found and found.model_copy(update={"message": f"The {which} cannot run. {found.message}"})


def nodes_of(case: Case, side: Side) -> reimaging.Ground:
    return reimaging.Ground(side.reimaged, case.seen.side_unprepared, case.seen.side_nodes, case.now)


def of_its_pool(case: Case, which: Which) -> Failure | None:
    pool, nodes = case.seen.side_pool, case.seen.side_nodes
    if pool is None or nodes.total or not pool.resize_errors:
        return None
    error = pool.resize_errors[0]
    if not is_core_quota(error.code):
        return Failure(
            code=Code.CAPACITY,
            message=f"Azure has no node for the {which} now: {error.message}"[:500],
            next=f"Batch asks again by itself. To start sooner: another vmSize for the {which}.",
            evidence={"resizeError": error.code},
        )
    return Failure(
        code=Code.QUOTA_FULL,
        message=f"The Batch account has no free dedicated cores for the node of the {which}.",
        next="It starts by itself when cores are free. To start sooner: cancel a job ahead, or ask for more quota.",
        evidence={
            "quota": "dedicatedCores",
            "limit": None,
            "used": None,
            "needed": None,
            "resizeError": error.code,
        },
    )
