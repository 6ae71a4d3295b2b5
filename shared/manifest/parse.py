"""The door: a manifest's bytes and the policy in, a complete Manifest out, or every problem at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.errors import Rejected
from shared.manifest.container import has_tag
from shared.manifest.disclosure import hide, scrubbed
from shared.manifest.document import read_document
from shared.manifest.findings import Findings
from shared.manifest.models import Manifest
from shared.manifest.naming import default_name
from shared.manifest.nodes import MapNode, to_value
from shared.manifest.permissions import bounded_hours, capped, check_permissions
from shared.manifest.profiles import with_profile
from shared.manifest.reading import read_sections
from shared.manifest.retried import Parent, Parents, adopted, check_staging, laid_over, no_parent, read_parent
from shared.manifest.section import Section
from shared.policy import Policy


@dataclass(frozen=True)
class Parsed:
    """`document`: the fields as they were said, and those of the profile and the policy's defaults, or of the retried
    job."""

    manifest: Manifest
    document: dict[str, Any]


def parse_manifest(raw: bytes, path: str, policy: Policy) -> Manifest:
    """The manifest that `raw` holds, with no default left open.

    `path` is the blob's name in the drop box: it tells JSON from YAML, and gives the name where none is said. Rejected
    carries all problems in file order; those of the syntax alone, as nothing can be read behind them.
    """
    return parse(raw, path, policy).manifest


def parse(raw: bytes, path: str, policy: Policy, parents: Parents = no_parent) -> Parsed:
    """As `parse_manifest`, with the document; `parents` knows the jobs that `input.retryOf` may name. Where that job is
    not found, nothing else of the manifest can be judged, and its problem is told first."""
    said = _read(raw, json=path.lower().endswith(".json"))
    findings = Findings()
    hide(said, findings)
    parent = _parent(said, findings, parents)
    over, under = laid_over(said, parent) if parent else (said, policy.defaults)
    tree = with_profile(over, under, policy.profiles, findings)
    root = Section("", tree.entries, tree.mark, findings)
    draft = read_sections(root, default_name(path))
    check_permissions(root, draft, policy)
    findings.raise_any()
    manifest = draft.manifest(capped(draft.compute, policy), _warnings(draft.container.image))
    manifest = manifest.model_copy(update={"limits": bounded_hours(manifest.limits, policy)})
    return Parsed(adopted(manifest, parent) if parent else manifest, to_value(tree))


def _read(raw: bytes, *, json: bool) -> MapNode:
    try:
        return read_document(raw, json=json)
    except Rejected as rejected:
        raise scrubbed(rejected) from None


def _parent(said: MapNode, findings: Findings, parents: Parents) -> Parent | None:
    own = Findings()
    parent = read_parent(Section("", said.entries, said.mark, own), parents)
    findings.add(own.problems)
    if own:
        findings.raise_any()
    if parent is None:
        return None
    check_staging(Section("", said.entries, said.mark, findings), parent)
    findings.retried = parent.job
    return parent


def _warnings(image: str) -> tuple[tuple[str, str], ...]:
    if has_tag(image):
        return ()
    return (("NO_TAG", f"container.image {image} has no tag: which version runs is the registry's choice"),)
