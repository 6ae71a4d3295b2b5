"""Is the place where the result goes free? Checked at accept, and again by the merge at commit. Shell."""

from __future__ import annotations

from shared.errors import Problem, Rejected
from shared.manifest.models import Manifest
from shared.names import JOB_KEY, RESULTS, JobId
from shared.policy import Policy
from shared.ports import Ports
from shared.record import Plan


def target_problems(
    manifest: Manifest, plan: Plan, job: JobId, policy: Policy, ports: Ports, replaces: tuple[JobId, ...] = ()
) -> None:
    """Rejected when `merge.to`, its templates filled in, is not allowed, or is taken and may not be replaced.

    `replaces`: jobs whose result gives way.
    """
    if plan.to is None:
        return
    if not may_write(plan.to, job, policy):
        fix = "choose a path that the policy's `write` allows, or leave merge.to out"
        raise Rejected((Problem("merge.to", "policyWrite", f"the policy does not allow writing {plan.to}", fix),))
    if plan.to.endswith("/") or manifest.merge.if_exists == "replace":
        return
    container, _, blob = plan.to.partition("/")
    there = ports.work.head(container, blob)
    if there is not None and there.metadata.get(JOB_KEY) not in replaces:
        message = f"{plan.to} exists already"
        fix = "choose another merge.to (it may hold {jobId}, {date}, {time}), or set merge.ifExists: replace"
        raise Rejected((Problem("merge.to", "exists", message, fix),))


def may_write(path: str, job: JobId, policy: Policy) -> bool:
    """The job's own folder under results is always its own."""
    if path.startswith(f"{RESULTS}/{job}/"):
        return True
    return policy.allows_writing_below(path) if path.endswith("/") else policy.allows_write(path)
