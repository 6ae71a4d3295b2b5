"""All sections of one manifest, read in order: each knows what it needs of those before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from shared.manifest import bounds, container, cutting, machines, naming, outputs, source
from shared.manifest.findings import Wrong
from shared.manifest.models import (
    Compute,
    ContainerImage,
    Input,
    Limits,
    Manifest,
    Merge,
    Output,
    Reference,
    Retention,
    Split,
    Tolerance,
)
from shared.manifest.section import Section
from shared.manifest.values import bounded_text, choice, flag, integer
from shared.manifest.variables import check_references, valued, valued_beside

FIELDS = (
    "version",
    "name",
    "labels",
    "idempotencyKey",
    "onReplace",
    "dryRun",
    "container",
    "config",
    "reference",
    "input",
    "split",
    "output",
    "merge",
    "compute",
    "limits",
    "failure",
    "retention",
    "logs",
    "canary",
)


_ON_REPLACE: tuple[Literal["continue", "cancel"], ...] = ("continue", "cancel")


@dataclass(frozen=True)
class Draft:
    """What was read. Where something was wrong its default stands in, and `source` may be None."""

    name: str
    labels: dict[str, str]
    idempotency_key: str | None
    on_replace: Literal["continue", "cancel"]
    dry_run: bool
    container: ContainerImage
    config: dict[str, Any] | str | None
    reference: tuple[Reference, ...]
    source: Input | None
    split: Split
    output: Output
    merge: Merge
    compute: Compute
    limits: Limits
    tolerated: Tolerance
    stop_on: tuple[int, ...]
    skip_on: tuple[int, ...]
    retention: Retention
    logs: Literal["failed", "all"]
    canary: bool

    def manifest(self, compute: Compute, warnings: tuple[tuple[str, str], ...]) -> Manifest:
        """The manifest, once nothing is wrong with it."""
        assert self.source is not None
        fields = {name: value for name, value in vars(self).items() if name not in ("source", "compute")}
        return Manifest(**fields, input=self.source, compute=compute, warnings=warnings)


def read_sections(root: Section, default_name: str) -> Draft:
    """Everything that `root` says; what is wrong is noted in its findings."""
    root.only(FIELDS).require("version", integer(1, 1), 1, "say version: 1")
    name = root.get("name", naming.job_name, default_name)
    taken = source.read_input(root.section("input", source.FIELDS))
    split = cutting.read_split(root.section("split", cutting.FIELDS), taken)
    merge = outputs.read_merge(root.section("merge", outputs.MERGE_FIELDS), taken, split, name)
    failure = root.section("failure", bounds.FAILURE_FIELDS)
    stop_on, skip_on = bounds.read_exit_rules(failure)
    compute = root.section("compute", machines.FIELDS)
    machines.check_staging(compute, merge.by)
    draft = Draft(
        name=name,
        labels=naming.read_labels(root),
        idempotency_key=root.get("idempotencyKey", bounded_text(1, 128), None),
        on_replace=root.get("onReplace", choice(_ON_REPLACE), _ON_REPLACE[0]),
        dry_run=root.get("dryRun", flag, default=False),
        container=container.read_container(root.section("container", container.FIELDS)),
        config=naming.read_config(root),
        reference=naming.read_references(root),
        source=taken,
        split=split,
        output=outputs.read_output(root.section("output", outputs.OUTPUT_FIELDS), taken, split, merge.by),
        merge=merge,
        compute=machines.read_compute(compute),
        limits=bounds.read_limits(root.section("limits", bounds.LIMIT_FIELDS)),
        tolerated=bounds.read_tolerance(failure),
        stop_on=stop_on,
        skip_on=skip_on,
        retention=bounds.read_retention(root.section("retention", bounds.RETENTION_FIELDS)),
        logs=bounds.read_logs(root),
        canary=root.get("canary", flag, default=False),
    )
    if not root.findings.partial:
        _check_units(root, taken, draft)
    return draft


def _check_units(root: Section, taken: Input | None, draft: Draft) -> None:
    """What depends on whether units are counted."""
    by_bytes = taken is not None and outputs.is_bytes(taken, draft.split)
    if taken and by_bytes:
        if taken.expect_units is not None:
            wrong = Wrong("onlyWith", f"needs units that are counted; {outputs.BYTES}", "say split.unitsPerTask")
            root.look("input").note("expect", wrong)
        if draft.tolerated.units:
            wrong = Wrong("onlyWith", f"must be a percentage or 0; {outputs.BYTES}", 'say "1%", or split.unitsPerTask')
            root.look("failure").note("tolerated", wrong)
    config, reference = root.stated("config"), root.stated("reference")
    check_references(root.look("container"), valued(taken, counted=not by_bytes, config=config, reference=reference))
    for way in ("split", "merge"):
        beside = valued_beside(way, config=config, reference=reference)
        check_references(root.look(way).look("container"), beside)
