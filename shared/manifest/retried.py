"""A manifest that retries a job: what it may say, and that job's own manifest laid under it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.manifest.findings import Wrong
from shared.manifest.models import Manifest
from shared.manifest.nodes import MapNode, Node
from shared.manifest.section import Section
from shared.manifest.source import FIELDS, ONE_SOURCE, SOURCES
from shared.manifest.values import matching

FIXED = ("split", "output", "retention", "logs", "canary")
"""What a retry cannot change: its units, and where their outputs lie, are those of the retried job."""
NOT_INHERITED = ("version", "idempotencyKey", "onReplace", "dryRun")

_job_id = matching(
    r"bd-[a-z0-9](?:-?[a-z0-9]){0,31}-[0-9a-f]{12}", "a job's id", "copy the jobId that the status of the job shows"
)


@dataclass(frozen=True)
class Parent:
    """The job to retry: its manifest as accepted, and the same as plain fields, defaults of the policy included.

    `published`: where its result is, outside its own folder; None = nowhere.
    """

    job: str
    manifest: Manifest
    document: Mapping[str, Any]
    published: str | None = None


Parents = Callable[[str], Parent]
"""The job of an id; raises Wrong (rule retryOf) where there is none that can be retried."""


def no_parent(job: str) -> Parent:
    """For where no jobs are known."""
    raise Wrong("retryOf", f"there is no job {job} here", "name a job of this deployment that has ended")


def read_parent(root: Section, parents: Parents) -> Parent | None:
    """The job that `input.retryOf` names; None in a manifest with a source of its own, and where something is wrong
    (which is noted)."""
    if not root.look("input").stated("retryOf"):
        return None
    section = root.section("input", FIELDS)
    stated = [name for name in SOURCES if section.stated(name)]
    if len(stated) > 1:
        section.note_self(
            Wrong("exactlyOne", f"must have exactly one source; {' and '.join(stated)} are said", ONE_SOURCE)
        )
        return None
    for name in set(FIELDS) - set(SOURCES):
        section.misplaced(name, "does not go with retryOf: the input is that of the retried job")
    for name in FIXED:
        root.misplaced(name, "does not go with input.retryOf: it is that of the retried job")
    return section.get("retryOf", _reader(parents), None)


def check_staging(root: Section, parent: Parent) -> None:
    """Note another way of staging than the retried job's: what its tasks were to read names paths of that way."""
    compute, there = root.look("compute"), parent.manifest.compute.staging
    if compute.stated("staging") and not compute.says("staging", there):
        message = f"is {there} in the retried job, which a retry cannot change"
        compute.note("staging", Wrong("onlyWith", message, f"leave it out, or say {there}"))


def _reader(parents: Parents) -> Callable[[Node], Parent]:
    return lambda node: parents(_job_id(node))


def laid_over(tree: MapNode, parent: Parent) -> tuple[MapNode, dict[str, Any]]:
    """What the retry says, and what the job said, which stands in for the rest."""
    said = {name: entry for name, entry in tree.entries.items() if name not in ("input", *FIXED)}
    return MapNode(tree.mark, said), _inherited(parent)


def _inherited(parent: Parent) -> dict[str, Any]:
    document = {name: value for name, value in parent.document.items() if name not in NOT_INHERITED}
    document["name"] = parent.manifest.name
    inherited = {name: value for name, value in document.get("compute", {}).items() if name != "profile"}
    document["compute"] = {**inherited, "staging": parent.manifest.compute.staging}
    if parent.published is not None:
        document["merge"] = {**document.get("merge", {}), "to": parent.published}
    return document


def adopted(manifest: Manifest, parent: Parent) -> Manifest:
    """The retry with the very units of the job: its input, its split, the names of its outputs."""
    source = parent.manifest.input.model_copy(update={"retry_of": parent.job})
    counted = {"records_per_unit": manifest.output.records_per_unit}
    output = parent.manifest.output.model_copy(update=counted)
    return manifest.model_copy(update={"input": source, "split": parent.manifest.split, "output": output})
