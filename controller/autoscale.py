"""The autoscale formula of a pool. Pure text; the emulator's interpreter and the service evaluate the same.

Until 20 minutes after the create call the initial number holds as a floor where samples are missing or still show no
task; afterwards the number of task slots in use or waited for decides, and missing samples make the evaluation fail, so
that the pool keeps its size rather than drop to zero. A node is only taken away when its task has ended.
"""

from __future__ import annotations

from datetime import datetime

TEMPLATE = """\
fresh = time() < time("{created}") + TimeInterval_Minute * 20;
known = {trusted}$PendingTasks.GetSamplePercent(TimeInterval_Minute * 3) >= 30;
early = fresh && !known;
tasks = early ? {initial_tasks} : max($PendingTasks.GetSample(TimeInterval_Minute * 3, 30));
needed = fresh && tasks < 1 ? {initial_tasks} : tasks;
nodes = min({most}, (needed + {spare}) / {slots});
{share}{target} = max(0, nodes);
{other} = 0;
$NodeDeallocationOption = taskcompletion;
"""

BESIDE_SPOT = """\
counted = $PreemptedNodeCount.GetSamplePercent(TimeInterval_Minute * 3) >= 30;
taken = counted ? min($PreemptedNodeCount.GetSample(TimeInterval_Minute * 3, 30)) : 0;
spot = max(0, $CurrentLowPriorityNodes - taken);
nodes = min(nodes, {most} - spot);
"""
"""Spot nodes that still end their tasks count: both kinds together are never more than `most`."""
OPENED = 'time() >= time("{created}") + TimeInterval_Minute * 5 && '
"""Samples of a pool that had one task so far say nothing of those that follow: for one evaluation they do not count."""


def formula(*, created: datetime, tasks: int, most: int, slots: int, spot: bool, opened: bool = False) -> str:
    """The formula of a pool created at `created` for about `tasks` tasks, `slots` on a node, at most `most` nodes;
    `opened`: or of one that was made for a single task, and opened at `created`."""
    low, dedicated = "$TargetLowPriorityNodes", "$TargetDedicatedNodes"
    since = f"{created:%Y-%m-%dT%H:%M:%SZ}"
    return TEMPLATE.format(
        created=since,
        trusted=OPENED.format(created=since) if opened else "",
        initial_tasks=max(1, min(tasks, most * slots)),
        most=most,
        slots=slots,
        spare=slots - 1,
        share="" if spot else BESIDE_SPOT.format(most=most),
        target=low if spot else dedicated,
        other=dedicated if spot else low,
    )


STOP = "$TargetDedicatedNodes = 0;\n$TargetLowPriorityNodes = 0;\n$NodeDeallocationOption = taskcompletion;\n"
"""The formula that ends a pool."""
