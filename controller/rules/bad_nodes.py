"""Nodes of no use beside others that work: no reason to wait, but paid for. Pure.

Nobody takes them away: Batch removes no single node from a pool that scales by formula, and restarts none that is
unusable. To switch the formula off for that long would leave the pool without the one thing that ends it should the
controller go away.
"""

from __future__ import annotations

from controller.rules.case import Case
from controller.rules.conditions import code_of, of_node
from controller.rules.stuck import nodes_there
from shared.codes import Code, Warn
from shared.record import Warned

STAYS = "Batch takes no single node out of a pool that scales by formula"


def warnings(case: Case) -> tuple[Warned, ...]:
    """The job's warnings, with one that names such nodes; without it once all are fine again. Where no other node works
    or starts, it is told as a wait."""
    record, nodes, errors = case.record, case.seen.nodes, case.seen.node_errors
    if record.shared_pool is not None or not (nodes_there(case) or nodes.starting):
        return record.warnings
    others = tuple(warned for warned in record.warnings if warned.code != Warn.NODE_UNUSABLE)
    return (*others, Warned(code=Warn.NODE_UNUSABLE, message=message(case))) if errors else others


def message(case: Case) -> str:
    nodes, error = case.seen.nodes, case.seen.node_errors[0]
    bad = max(nodes.unusable + nodes.start_task_failed, 1)
    found = of_node(error)
    are, first = ("is", "") if bad == 1 else ("are", "First: ")
    hint = "Batch tries to bring it back." if code_of(error) is Code.NODE_UNUSABLE else found.next
    return (
        f"{bad} of {nodes.total} nodes {are} of no use; the others go on. {first}{found.message}. {STAYS}: "
        f"{'it is' if bad == 1 else 'they are'} paid for{cost(case, bad)} until that shrinks or the job ends. {hint}"
    )


def cost(case: Case, nodes: int) -> str:
    """What so many nodes cost, where the policy has prices."""
    price = case.record.plan.price
    if price is None:
        return ""
    each = price.spot if case.record.on_spot else price.dedicated
    return f" ({each * nodes:.2f} {price.currency} an hour)"
