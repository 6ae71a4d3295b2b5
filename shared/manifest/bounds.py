"""Manifest sections `limits`, `failure`, `retention`, and `logs`: when a job gives up and what stays."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from shared.manifest.findings import Wrong
from shared.manifest.models import Limits, Money, Retention, Tolerance
from shared.manifest.nodes import Node, Scalar, described
from shared.manifest.section import Section
from shared.manifest.values import choice, duration, integer, matching, number

LIMIT_FIELDS = ("maxTaskRetryCount", "taskTimeout", "jobTimeout", "queueTimeout", "maxNodeHours", "maxCost")
FAILURE_FIELDS = ("tolerated", "stopOn", "skipOn")
RETENTION_FIELDS = ("complete", "otherwise", "results")
MOST_UNITS = 1_000_000_000_000
MOST_HOURS = 10_000_000.0

_timeout = duration(timedelta(seconds=1))
_kept = duration(timedelta(0))
_cost = matching(r"[0-9]{1,12}(?:\.[0-9]{1,2})? [A-Z]{3}", "an amount and a currency", 'write it as "25 USD"')
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)[ ]?%", re.ASCII)


def _hours(node: Node) -> float:
    value = number(node)
    if not 0 < value <= MOST_HOURS:
        raise Wrong("range", f"must be more than 0 and at most {MOST_HOURS:g}", "write the hours of all nodes together")
    return value


def read_limits(section: Section) -> Limits:
    """Retries and timeouts."""
    cost = section.get("maxCost", _cost, None)
    default = Limits()
    return Limits(
        max_task_retry_count=section.get("maxTaskRetryCount", integer(0, 10), default.max_task_retry_count),
        task_timeout=section.get("taskTimeout", _timeout, default.task_timeout),
        job_timeout=section.get("jobTimeout", _timeout, default.job_timeout),
        queue_timeout=section.get("queueTimeout", _timeout, default.queue_timeout),
        max_node_hours=section.get("maxNodeHours", _hours, None),
        max_cost=Money(amount=float(cost.partition(" ")[0]), currency=cost.partition(" ")[2]) if cost else None,
    )


def read_tolerance(section: Section) -> Tolerance:
    """What may fail."""
    return section.get("tolerated", _tolerance, Tolerance())


def read_exit_rules(section: Section) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The exit codes of stopOn and of skipOn, each once."""
    stop, skip = (set(section.read_each(name, integer(1, 255), 255)) for name in ("stopOn", "skipOn"))
    if stop & skip:
        code = min(stop & skip)
        section.note("skipOn", Wrong("collision", f"{code} stands in stopOn too", "keep each code in one list"))
    return tuple(sorted(stop)), tuple(sorted(skip))


def _tolerance(node: Node) -> Tolerance:
    value = node.value if isinstance(node, Scalar) else node
    if isinstance(value, int) and not isinstance(value, bool):
        return Tolerance(units=integer(0, MOST_UNITS)(node))
    found = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        message = f"must be a whole number of units or a percentage, not {described(node)}"
        raise Wrong("type", message, 'write 25, or "0.5%"')
    percent = float(found.group(1))
    if percent > 100:
        raise Wrong("range", f"must be at most 100%, not {percent:g}%", 'write "0%" to "100%"')
    return Tolerance(units=None, percent=percent)


def read_retention(section: Section) -> Retention:
    """How long the job's own containers and results stay."""
    default = Retention()
    return Retention(
        complete=section.get("complete", _kept, default.complete),
        otherwise=section.get("otherwise", _kept, default.otherwise),
        results=section.get("results", _kept, default.results),
    )


_LOGS: tuple[Literal["failed", "all"], ...] = ("failed", "all")


def read_logs(root: Section) -> Literal["failed", "all"]:
    """Whose stdout and stderr are kept."""
    return root.get("logs", choice(_LOGS), _LOGS[0])
