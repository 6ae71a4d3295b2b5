"""The door: a manifest's bytes and the policy in, a complete Manifest out, or every problem at once."""

from __future__ import annotations

from shared.manifest.container import has_tag
from shared.manifest.defaults import with_defaults
from shared.manifest.document import read_document
from shared.manifest.findings import Findings
from shared.manifest.models import Manifest
from shared.manifest.naming import default_name
from shared.manifest.permissions import bounded_hours, capped, check_permissions
from shared.manifest.reading import read_sections
from shared.manifest.section import Section
from shared.policy import Policy


def parse_manifest(raw: bytes, path: str, policy: Policy) -> Manifest:
    """The manifest that `raw` holds, with no default left open.

    `path` is the blob's name in the drop box: it tells JSON from YAML, and gives the name where none is said. Rejected
    carries all problems in file order; those of the syntax alone, as nothing can be read behind them.
    """
    tree = with_defaults(read_document(raw, json=path.lower().endswith(".json")), policy.defaults)
    findings = Findings()
    root = Section("", tree.entries, tree.mark, findings)
    draft = read_sections(root, default_name(path))
    check_permissions(root, draft, policy)
    findings.raise_any()
    manifest = draft.manifest(capped(draft.compute, policy), _warnings(draft.container.image))
    return manifest.model_copy(update={"limits": bounded_hours(manifest.limits, policy)})


def _warnings(image: str) -> tuple[tuple[str, str], ...]:
    if has_tag(image):
        return ()
    return (("NO_TAG", f"container.image {image} has no tag: which version runs is the registry's choice"),)
