"""A manifest against the policy: what it may run, read, write and use."""

from __future__ import annotations

from shared.globs import has_wildcard
from shared.manifest.findings import Wrong
from shared.manifest.machines import PER_JOB
from shared.manifest.models import Compute, ContainerImage, Limits, SideContainer
from shared.manifest.nodes import shortened, to_value
from shared.manifest.reading import Draft
from shared.manifest.section import Section
from shared.manifest.templates import extension, render
from shared.policy import RESERVED_CONTAINERS, Policy, is_reserved

OWN_FOLDER = "results/{jobId}/"
OWN_FILES = (
    "result.json",
    "receipt.json",
    "report.html",
    "status.json",
    "failed.jsonl",
    "index.jsonl",
    "retry.yaml",
    "manifest.yaml",
    "logs",
)
"""Names in `results/<job id>/` that Batchdrop writes itself."""
SIDE_MACHINE = "is missing: it runs on a node of its own, and a shared pool does not say which"
_SAMPLE = {"jobId": "bd-job-0123456789ab", "date": "2026-01-31", "time": "235959"}


def check_permissions(root: Section, draft: Draft, policy: Policy) -> None:
    """Note everything that the policy does not allow."""
    _check_container(root.look("container"), draft.container, policy)
    for way, side in (("split", draft.split.container), ("merge", draft.merge.container)):
        if side is not None:
            section = root.look(way).look("container")
            _check_side(section, side, policy)
            if draft.compute.pool and side.vm_size is None and not (way == "split" and root.findings.retried):
                section.note("vmSize", Wrong("required", SIDE_MACHINE, _allowed(tuple(policy.vm_sizes))))
    _check_reads(root, draft, policy)
    _check_target(root, draft, policy)
    _check_machines(root.look("compute"), draft.compute, policy)
    _check_budget(root.look("limits"), draft, policy)


def _check_side(section: Section, side: SideContainer, policy: Policy) -> None:
    _check_container(section, side, policy)
    if side.vm_size is not None and side.vm_size not in policy.vm_sizes:
        message = f"{shortened(side.vm_size)} is not allowed by the policy"
        section.note("vmSize", Wrong("policyVmSize", message, _allowed(tuple(policy.vm_sizes))))


def _check_container(section: Section, container: ContainerImage | SideContainer, policy: Policy) -> None:
    image = container.image
    if image and not policy.allows_image(image):
        wrong = Wrong("policyImage", f"{shortened(image)} is not allowed by the policy", _allowed(policy.images))
        section.note("image", wrong)
    secrets = section.look("secrets")
    for name, secret in container.secrets.items():
        if policy.is_own_secret(secret):
            message = f"{shortened(secret)} is a key of the deployment itself"
            secrets.note(name, Wrong("reservedSecret", message, "name a secret that was made for this task"))
        elif secret and secret not in policy.secrets:
            wrong = Wrong("policySecret", f"{shortened(secret)} is not allowed by the policy", _allowed(policy.secrets))
            secrets.note(name, wrong)


def _check_reads(root: Section, draft: Draft, policy: Policy) -> None:
    if draft.source:
        for name, path in (
            ("blob", draft.source.blob),
            ("blobs", draft.source.blobs),
            ("waitFor", draft.source.wait_for),
        ):
            _check_read(root.look("input"), name, path, policy)
    if draft.source and draft.source.blobs and draft.compute.staging == "mount":
        _check_whole_container(root.look("compute"), draft.source.blobs.partition("/")[0], policy)
    _check_read(root, "config", draft.config if isinstance(draft.config, str) else None, policy)
    for (_, field), reference in zip(root.children("reference"), draft.reference, strict=False):
        section = Section.of(field, root.findings)
        _check_read(section, "from", reference.source, policy)


def _check_read(section: Section, name: str, path: str | None, policy: Policy) -> None:
    if not path:
        return
    if is_reserved(path):
        section.note(name, _reserved(path))
    elif not (policy.allows_reading_all(_everything(path)) if _is_many(path) else policy.allows_read(path)):
        message = f"{shortened(path)} is not allowed by the policy"
        section.note(name, Wrong("policyRead", message, _allowed(policy.read)))


def _check_whole_container(section: Section, container: str, policy: Policy) -> None:
    """A mount shows the container, and not only what a glob means."""
    if not policy.allows_reading_all(f"{container}/**"):
        message = f"mount would show all of the container {shortened(container)}, which the policy does not allow"
        section.note("staging", Wrong("policyRead", message, "say compute.staging: transfer"))


def _is_many(path: str) -> bool:
    return has_wildcard(path) or path.endswith("/")


def _everything(path: str) -> str:
    return f"{path}**" if path.endswith("/") else path


def _reserved(path: str) -> Wrong:
    container = path.partition("/")[0]
    message = f"the container {shortened(container)} is reserved"
    return Wrong("reservedContainer", message, f"use a container that is none of {', '.join(RESERVED_CONTAINERS)}")


def _check_target(root: Section, draft: Draft, policy: Policy) -> None:
    merge = root.look("merge")
    ext = ".zip" if draft.merge.by == "zip" else extension(render(draft.output.name, {"ext": ""}))
    known = {"name": draft.name, "ext": ext}
    if draft.merge.by not in ("files", "none"):
        _check_own_result(root, known)
    if draft.merge.to is None or not merge.stated("to"):
        return
    target = render(draft.merge.to, known)
    wrong = _wrong_target(target, folder=draft.merge.by == "files", policy=policy)
    if wrong:
        merge.note("to", wrong)


def _check_own_result(root: Section, known: dict[str, str]) -> None:
    file = known["name"] + known["ext"]
    if file in OWN_FILES:
        message = f"the result would be {OWN_FOLDER}{file}, a file that Batchdrop writes itself"
        root.note("name", Wrong("reservedName", message, "give the job another name, or output.name another extension"))


def _wrong_target(target: str, *, folder: bool, policy: Policy) -> Wrong | None:
    if is_reserved(target):
        return _reserved(target)
    if target.startswith(OWN_FOLDER):
        return _wrong_own(target, folder=folder)
    first = target.split("/")[1]
    if target.startswith(("results/bd-", "results/{jobId}")) and (folder or target.count("/") > 1):
        message = f"the folder {shortened(first)} of results belongs to another job"
        return Wrong("reservedName", message, f"write {OWN_FOLDER} or a folder that does not begin with bd-")
    path = render(target, _SAMPLE)
    if not (policy.allows_writing_below(path) if folder else policy.allows_write(path)):
        return Wrong("policyWrite", f"{shortened(target)} is not allowed by the policy", _allowed(policy.write))
    return None


def _wrong_own(target: str, *, folder: bool) -> Wrong | None:
    first = target.removeprefix(OWN_FOLDER).partition("/")[0]
    if folder and not first:
        message = f"files must lie in a folder of their own below {OWN_FOLDER}"
        return Wrong("reservedName", message, f"write {OWN_FOLDER}files/")
    if first in OWN_FILES:
        message = f"{OWN_FOLDER}{first} is written by Batchdrop itself"
        return Wrong("reservedName", message, "choose another name")
    return None


def _check_machines(section: Section, compute: Compute, policy: Policy) -> None:
    known = _check_profile(section, policy)
    if section.stated("pool") and not section.says("pool", PER_JOB):
        _check_pool(section, compute, policy)
        return
    allowed = policy.vm_sizes.get(compute.vm_size)
    if known and section.lacks("vmSize"):
        section.note("vmSize", Wrong("required", "is missing", _allowed(tuple(policy.vm_sizes))))
    elif compute.vm_size and allowed is None:
        message = f"{shortened(compute.vm_size)} is not allowed by the policy"
        section.note("vmSize", Wrong("policyVmSize", message, _allowed(tuple(policy.vm_sizes))))
    elif allowed and compute.slots > min(4 * allowed.cores, 256):
        most = min(4 * allowed.cores, 256)
        message = f"must be 1 to {most} on {compute.vm_size}, which has {allowed.cores} cores, not {compute.slots}"
        section.note("taskSlotsPerNode", Wrong("range", message, f"say {most} or less"))
    cap = policy.caps.max_nodes
    if cap is not None and section.stated("maxNodes") and compute.max_nodes > cap:
        message = f"is {compute.max_nodes}; the policy allows at most {cap} nodes"
        section.note("maxNodes", Wrong("policyCap", message, f"say {cap} or less"))


def _check_profile(section: Section, policy: Policy) -> bool:
    """Whether the profile is there, where one is said."""
    field = section.field("profile")
    if field is None or not isinstance(name := to_value(field.node), str) or name in policy.profiles:
        return True
    section.note(
        "profile",
        Wrong("policyProfile", f"the policy has no profile {shortened(name)}", _allowed(tuple(policy.profiles))),
    )
    return False


def _check_pool(section: Section, compute: Compute, policy: Policy) -> None:
    if compute.pool is not None and compute.pool not in policy.pools:
        message = f"{shortened(compute.pool)} is not allowed by the policy"
        section.note("pool", Wrong("policyPool", message, _allowed((PER_JOB, *policy.pools))))


def _check_budget(section: Section, draft: Draft, policy: Policy) -> None:
    cap, hours = policy.caps.max_node_hours, draft.limits.max_node_hours
    if cap is not None and hours is not None and hours > cap:
        message = f"is {hours:g}; the policy allows at most {cap:g} node hours"
        section.note("maxNodeHours", Wrong("policyCap", message, f"say {cap:g} or less"))
    if draft.limits.max_cost is None:
        return
    size = policy.vm_sizes.get(draft.compute.vm_size)
    if size is None or size.price is None or (draft.compute.spot and size.spot_price is None) or not policy.currency:
        message = f"needs a price, and there is none for {draft.compute.vm_size or 'a machine that is not said here'}"
        section.note("maxCost", Wrong("policyPrice", message, "say limits.maxNodeHours instead"))
    elif draft.limits.max_cost.currency != policy.currency:
        message = f"is in another currency than the policy's prices ({policy.currency})"
        section.note("maxCost", Wrong("policyPrice", message, f'write it as "25 {policy.currency}"'))


def capped(compute: Compute, policy: Policy) -> Compute:
    """Machines with the default number of nodes lowered to what the policy allows."""
    cap = policy.caps.max_nodes
    return compute if cap is None or compute.max_nodes <= cap else compute.model_copy(update={"max_nodes": cap})


def bounded_hours(limits: Limits, policy: Policy) -> Limits:
    """An unstated limits.maxNodeHours is the policy's cap."""
    if limits.max_node_hours is not None or policy.caps.max_node_hours is None:
        return limits
    return limits.model_copy(update={"max_node_hours": policy.caps.max_node_hours})


def _allowed(what: tuple[str, ...]) -> str:
    if not what:
        return "nothing is allowed yet: ask the operator to add it to policy.yaml"
    more = f" and {len(what) - 10} more" if len(what) > 10 else ""
    return f"use one of {', '.join(what[:10])}{more}, or ask the operator to add it to policy.yaml"
