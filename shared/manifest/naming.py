"""The manifest's own fields: name, labels, idempotencyKey, config, reference."""

from __future__ import annotations

import posixpath
import re
from typing import Any

from shared.manifest.anything import free_value
from shared.manifest.findings import Wrong
from shared.manifest.models import Reference
from shared.manifest.nodes import MapNode, Node, Scalar, shortened
from shared.manifest.paths import blob_or_prefix, blob_path
from shared.manifest.section import Field, Section, section_of
from shared.manifest.units import unit_json
from shared.manifest.values import flag, matching, text

LONGEST_NAME = 40
MOST_LABELS = 10
MOST_REFERENCES = 10
LARGEST_CONFIG = 64 * 1024
ARCHIVES = (".zip", ".tar", ".tar.gz")

_LABEL = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_label = matching(r"[ -~]{0,128}", "at most 128 printable ASCII characters", "shorten it, or write it in ASCII")
_reference_name = matching(r"[a-z0-9-]{1,32}", "1 to 32 lower-case letters, digits and hyphens", "rename it")


def job_name(node: Node) -> str:
    """`[a-z0-9](-?[a-z0-9])*`, at most 40 characters."""
    value = text(node)
    if not re.fullmatch(r"[a-z0-9](?:-?[a-z0-9])*", value, re.ASCII):
        meaning = "must be lower-case letters, digits and single hyphens between them"
        raise Wrong("pattern", f"{meaning}, not {shortened(value)}", f"write {slug(value)}")
    if len(value) > LONGEST_NAME:
        raise Wrong("range", f"has {len(value)} characters; at most {LONGEST_NAME} are allowed", f"write {slug(value)}")
    return value


def slug(stem: str) -> str:
    """A name from any text: lower case, each run of other characters one hyphen, at most 40 characters, never empty."""
    words = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    return words[:LONGEST_NAME].rstrip("-") or "job"


def default_name(path: str) -> str:
    """The name of a manifest that says none, from its path in the drop box."""
    return slug(posixpath.splitext(posixpath.basename(path))[0])


def read_labels(root: Section) -> dict[str, str]:
    """Labels; keys that Batchdrop needs for itself are refused."""
    labels = root.free("labels", MOST_LABELS)
    for name in labels.names():
        if not _LABEL.fullmatch(name):
            meaning = "a label's key must be 1 to 32 lower-case letters, digits and _"
            labels.note_key(name, Wrong("pattern", f"{meaning}, not {shortened(name)}", "begin with a letter"))
        elif name.startswith("batchdrop_"):
            labels.note_key(name, Wrong("reservedName", "keys that begin with batchdrop_ are reserved", "rename it"))
    return {name: labels.get(name, _label, "") for name in labels.names()}


def read_config(root: Section) -> dict[str, Any] | str | None:
    """Inline mapping, or path of a blob."""
    field = root.field("config")
    if field is None:
        return None
    if not isinstance(field.node, MapNode):
        return root.get("config", _config_path, None)
    value = free_value(root, "config")
    length = len(unit_json(value).encode())
    if length > LARGEST_CONFIG:
        message = f"has {length} bytes as JSON; at most {LARGEST_CONFIG} are allowed inline"
        root.note("config", Wrong("range", message, "put it in a blob and write its path"))
    return dict(value)


def _config_path(node: Node) -> str:
    if not (isinstance(node, Scalar) and isinstance(node.value, str)):
        raise Wrong("type", "must be a mapping or the path of a blob", "write fields below it, or container/blob")
    return blob_path(node)


def read_references(root: Section) -> tuple[Reference, ...]:
    """Reference data; no name twice."""
    fields = root.each("reference", MOST_REFERENCES)
    found = tuple(_reference(field, root) for field in fields)
    for index, reference in enumerate(found):
        if reference.name and reference.name in [other.name for other in found[:index]]:
            wrong = Wrong("collision", f"the name {reference.name} stands twice", "give each its own name")
            root.findings.note(f"{fields[index].path}.name", fields[index].mark, wrong)
    return found


def _reference(field: Field, root: Section) -> Reference:
    section = section_of(field, ("name", "from", "unpack"), root.findings)
    name = section.require("name", _reference_name, "", "name its folder in REFERENCE_DIR")
    source = section.require("from", blob_or_prefix, "", "say container/blob, or container/folder/")
    unpack = section.get("unpack", flag, default=False)
    if unpack and source and not source.endswith(ARCHIVES):
        message = f"goes only with {', '.join(ARCHIVES)}, not {shortened(source)}"
        section.note("unpack", Wrong("onlyWith", message, "leave it out, or pack the data"))
    return Reference(name=name, source=source, unpack=unpack)
