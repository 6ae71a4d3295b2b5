"""Manifest -> Plan: every number that needs no input, fixed at accept. Pure."""

from __future__ import annotations

import posixpath
from datetime import datetime
from typing import Any

from shared.manifest.models import Input, Manifest
from shared.manifest.units import unit_kind
from shared.names import RESULTS, JobId
from shared.policy import Policy
from shared.record import Plan, Price

MERGE_EXTENSIONS = {"csv": ".csv", "json": ".json", "lines": ".txt", "zip": ".zip"}


def make_plan(manifest: Manifest, job: JobId, accepted: datetime, policy: Policy | None = None) -> Plan:
    """The plan of one accepted manifest; `manifest` inside it is lean (no item lists, no inline config)."""
    size = policy.vm_sizes.get(manifest.compute.vm_size) if policy else None
    return Plan(
        price=price_of(manifest, policy) if policy else None,
        cores=size.cores if size else None,
        manifest=lean(manifest),
        unit_kind=unit_kind(manifest),
        units=units_of(manifest.input),
        to=resolve_target(manifest, job, accepted),
        ext=result_extension(manifest),
    )


def price_of(manifest: Manifest, policy: Policy) -> Price | None:
    """What a node of this job costs an hour; None where the policy does not say."""
    size = policy.vm_sizes.get(manifest.compute.vm_size)
    if size is None or size.price is None or policy.currency is None:
        return None
    spot = size.spot_price if size.spot_price is not None else size.price
    return Price(dedicated=size.price, spot=spot, currency=policy.currency, as_of=policy.prices_as_of)


def lean(manifest: Manifest) -> Manifest:
    """The manifest without its long parts, which later passes read from the bytes as accepted."""
    slim = manifest.input.model_copy(update={"items": (), "sweep": {}})
    config: dict[str, Any] | str | None = {} if isinstance(manifest.config, dict) else manifest.config
    return manifest.model_copy(update={"input": slim, "config": config})


def units_of(source: Input) -> int | None:
    """How many units there are, where the manifest alone tells."""
    match source.kind:
        case "items":
            return len(source.items)
        case "range":
            return source.range.count if source.range else 0
        case "sweep":
            return product_of(source)
        case _:
            return None


def product_of(source: Input) -> int:
    """The number of combinations of a sweep."""
    total = 1
    for values in source.sweep.values():
        total *= len(values)
    return total if source.sweep else 0


def result_extension(manifest: Manifest) -> str:
    """`{ext}` of the result: .zip for zip, else that of output.name."""
    if manifest.merge.by == "zip":
        return ".zip"
    return posixpath.splitext(manifest.output.name.replace("{ext}", ""))[1]


def resolve_target(manifest: Manifest, job: JobId, accepted: datetime) -> str | None:
    """`merge.to` with its templates filled in by the time of acceptance (UTC); None where nothing is collected."""
    if manifest.merge.by == "none" or not manifest.merge.publish or manifest.merge.to is None:
        return None
    return (
        manifest.merge.to.replace("{jobId}", job)
        .replace("{name}", manifest.name)
        .replace("{date}", f"{accepted:%Y-%m-%d}")
        .replace("{time}", f"{accepted:%H%M%S}")
        .replace("{ext}", result_extension(manifest))
    )


def result_name(plan: Plan) -> str:
    """The file name of the result where it is committed."""
    return f"{plan.manifest.name}{plan.ext}"


def own_result(plan: Plan, job: JobId) -> str:
    """Where the merge commits: `results/<job id>/<name>`, whatever is published later."""
    return f"{RESULTS}/{job}/{result_name(plan)}"
