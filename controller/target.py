"""Is the place where the result goes free? Checked at accept, and again by the merge at commit. Shell."""

from __future__ import annotations

from shared.errors import Problem, Rejected
from shared.manifest.models import Manifest
from shared.ports import Ports
from shared.record import Plan


def target_problems(manifest: Manifest, plan: Plan, ports: Ports) -> None:
    """Rejected when `merge.to` is taken and may not be replaced."""
    if plan.to is None or plan.to.endswith("/") or manifest.merge.if_exists == "replace":
        return
    container, _, blob = plan.to.partition("/")
    if ports.work.head(container, blob) is not None:
        message = f"{plan.to} exists already"
        fix = "choose another merge.to (it may hold {jobId}, {date}, {time}), or set merge.ifExists: replace"
        raise Rejected((Problem("merge.to", "exists", message, fix),))
