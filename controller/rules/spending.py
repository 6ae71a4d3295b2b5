"""Rows that watch what a running job costs: node hours, money, and spot nodes that are taken back. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from controller.quota import cores_never
from controller.rules.case import Case, Decision, Row
from controller.rules.progress import progress, usage
from shared.actions import HoldJob, SetFormula, Settle
from shared.codes import Code, Warn
from shared.names import task_id
from shared.record import Failure, Plan, Record, Usage

WARN_AT = 0.8
DRAIN = timedelta(minutes=15)
SHORT = timedelta(minutes=30)


def cost_of(plan: Plan, used: Usage) -> float | None:
    """Money for the node time, in the currency of the plan's price; None without a price."""
    price = plan.price
    if price is None:
        return None
    dedicated = used.node_seconds - used.spot_node_seconds
    return (dedicated * price.dedicated + used.spot_node_seconds * price.spot) / 3600


def spent(record: Record, used: Usage) -> float | None:
    """The share of the tighter budget that is used up; None without a budget."""
    limits = record.plan.manifest.limits
    shares = []
    if limits.max_node_hours is not None:
        shares.append(used.node_seconds / 3600 / limits.max_node_hours)
    cost = cost_of(record.plan, used)
    if limits.max_cost is not None and cost is not None:
        shares.append(cost / limits.max_cost.amount)
    return max(shares, default=None)


def nearly_spent(case: Case) -> Decision | None:
    share = spent(case.record, usage(case))
    if share is None or share < WARN_AT or case.warned(Warn.BUDGET_80):
        return None
    message = f"{share:.0%} of the budget ({budget(case.record)}) is used; at 100 % no new task starts."
    return case.go(warnings=case.warnings_with(Warn.BUDGET_80, message), usage=usage(case), progress=progress(case))


def all_spent(case: Case) -> Decision | None:
    share = spent(case.record, usage(case))
    if share is None or share < 1 or case.record.drained is not None:
        return None
    stop = SetFormula("stop") if case.record.shared_pool is None else HoldJob()
    return case.go(stop, drained=case.now, usage=usage(case), progress=progress(case))


def drained(case: Case) -> Decision | None:
    since = case.record.drained
    if since is None or (case.seen.counts.running and case.now - since < DRAIN):
        return None
    failure = Failure(
        code=Code.BUDGET,
        message=f"The budget ({budget(case.record)}) was used up before all tasks had run.",
        next="Raise limits.maxNodeHours or limits.maxCost, or make the job smaller.",
        evidence={"nodeHours": round(case.record.usage.node_seconds / 3600, 3)},
    )
    return case.go(Settle("stopped", failure), usage=usage(case), progress=progress(case))


def budget(record: Record) -> str:
    limits, words = record.plan.manifest.limits, []
    if limits.max_node_hours is not None:
        words.append(f"{limits.max_node_hours:g} node hour{'' if limits.max_node_hours == 1 else 's'}")
    if limits.max_cost is not None:
        words.append(f"{limits.max_cost.amount:g} {limits.max_cost.currency}")
    return " and ".join(words)


def to_dedicated(case: Case) -> Decision | None:
    """A task lost its spot node too often, or they do not come: the formula is replaced once by the dedicated one."""
    compute, record = case.record.plan.manifest.compute, case.record
    most = compute.dedicated_after_preemptions
    if not compute.spot or most is None or record.dedicated is not None or record.drained is not None:
        return None
    hit, used = hit_most(case), usage(case)
    often = hit is not None and hit[1] >= most
    if not (often or short(case)) or no_dedicated(case):
        return None
    why = f"For {int(SHORT.total_seconds() // 60)} minutes fewer than half of the spot nodes were there"
    if hit is not None and often:
        why = f"Task {task_id(hit[0])} has lost its spot node {hit[1]} time{'' if hit[1] == 1 else 's'}"
    message = f"{why}; the rest runs on dedicated nodes. No retry is used by that."
    warnings = case.warnings_with(Warn.PREEMPTIONS, message)
    return case.go(SetFormula("dedicated"), dedicated=case.now, warnings=warnings, usage=used, progress=progress(case))


def hit_most(case: Case) -> tuple[int, int] | None:
    """The task that lost its node most often, by its row, and how often: at least."""
    return case.seen.takings.worst if case.seen.takings is not None else None


def no_dedicated(case: Case) -> bool:
    """Can the account, as far as it can be read, never hold one such node? Many have no quota of dedicated cores."""
    quotas = case.seen.quotas
    return quotas is not None and cores_never(case.record.plan, quotas, spot=False) is not None


def short(case: Case) -> bool:
    since = case.record.short_since
    return since is not None and case.now - since >= SHORT


def short_since(case: Case) -> datetime | None:
    """Since when fewer than half of the wanted spot nodes are there while tasks wait."""
    pool, nodes = case.seen.pool, case.seen.nodes
    if pool is None or not case.seen.counts.active or not case.record.plan.manifest.compute.spot:
        return None
    there = nodes.running + nodes.idle
    return (case.record.short_since or case.now) if there * 2 < pool.target else None


ROWS = (
    Row("budget nearly spent", "80 % of the budget is used", "nothing", "warning BUDGET_80", nearly_spent),
    Row("budget spent", "100 % of the budget is used", "hold the job, formula to zero", "drained", all_spent),
    Row("drained", "15 minutes since, or nothing runs any more", "settle", "verdict, by tolerance or BUDGET", drained),
    Row(
        "to dedicated",
        "a task was hit too often, or no spot nodes",
        "the dedicated formula",
        "dedicated",
        to_dedicated,
    ),
)
