"""The operator's policy: what manifests may ask for. Deny by default: an absent or empty list allows nothing."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from shared.globs import covers, matches
from shared.manifest.anything import free_value
from shared.manifest.document import read_document
from shared.manifest.findings import Findings, Wrong
from shared.manifest.machines import FIELDS as COMPUTE_FIELDS
from shared.manifest.machines import MOST_NODES, pool_id, read_compute, vm_size
from shared.manifest.models import Frozen
from shared.manifest.nodes import MapNode, Scalar, to_value
from shared.manifest.paths import free_glob
from shared.manifest.reading import read_sections
from shared.manifest.section import Section, mapping, section_of
from shared.manifest.values import bounded_text, flag, integer, matching, number

RESERVED_CONTAINERS = ("jobs", "status", "batchdrop", "azure-webjobs-*", "bd-*")
"""Never read, never written, whatever the policy says: the controller's own, and the jobs' own."""
FIELDS = (
    "version",
    "images",
    "read",
    "write",
    "secrets",
    "pools",
    "profiles",
    "vmSizes",
    "currency",
    "pricesAsOf",
    "caps",
    "defaults",
    "paused",
)
CAP_FIELDS = ("maxNodes", "maxNodeHours", "jobsPerDay", "nodeHoursPerDay")
MOST_ENTRIES = 1000

_line = bounded_text(1, 200)


class VmSize(Frozen):
    """A size that manifests may name; prices per hour and node in the policy's currency, None where not known."""

    cores: int
    price: float | None = None
    spot_price: float | None = None


class Caps(Frozen):
    """None = not capped."""

    max_nodes: int | None = None
    max_node_hours: float | None = None
    jobs_per_day: int | None = None
    node_hours_per_day: float | None = None


class Policy(Frozen):
    """A policy after parsing. `profiles` and `defaults` are manifest fields as written."""

    images: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    own_secrets: frozenset[str] = frozenset()
    """Names, in lower case, of the deployment's own keys: no task gets them, whatever `secrets` says."""
    pools: tuple[str, ...] = ()
    profiles: dict[str, dict[str, Any]] = Field(default_factory=dict)
    vm_sizes: dict[str, VmSize] = Field(default_factory=dict)
    currency: str | None = None
    prices_as_of: str | None = None
    caps: Caps = Caps()
    defaults: dict[str, Any] = Field(default_factory=dict)
    paused: bool = False

    def is_own_secret(self, name: str) -> bool:
        """Whether the Key Vault, to which case is nothing, would answer a key of the deployment."""
        return name.lower() in self.own_secrets

    def allows_image(self, image: str) -> bool:
        return any(matches(glob, image) for glob in self.images)

    def allows_read(self, path: str) -> bool:
        """Whether `container/blob` may be read."""
        return not is_reserved(path) and any(matches(glob, path) for glob in self.read)

    def allows_reading_all(self, glob: str) -> bool:
        """Whether everything that `glob` (with a plain container) could match may be read."""
        return not is_reserved(glob) and any(covers(allowed, glob) for allowed in self.read)

    def allows_write(self, path: str) -> bool:
        """Whether `container/blob` may be written."""
        return not is_reserved(path) and any(matches(glob, path) for glob in self.write)

    def allows_writing_below(self, folder: str) -> bool:
        """Whether everything in `container/folder/` may be written."""
        return not is_reserved(folder) and any(covers(glob, f"{folder}**") for glob in self.write)


def is_reserved(path: str) -> bool:
    """Whether a path is in a container that no manifest may name."""
    container = path.partition("/")[0]
    return any(matches(glob, container) for glob in RESERVED_CONTAINERS)


def parse_policy(raw: bytes) -> Policy:
    """The policy of a `policy.yaml`; Rejected with every problem in it."""
    findings = Findings()
    tree = read_document(raw)
    root = Section("", tree.entries, tree.mark, findings).only(FIELDS)
    root.require("version", integer(1, 1), 1, "say version: 1")
    lists = {name: root.read_each(name, free_glob, MOST_ENTRIES) for name in ("images", "read", "write")}
    policy = Policy(
        **lists,
        secrets=root.read_each("secrets", _line, MOST_ENTRIES),
        pools=root.read_each("pools", pool_id, MOST_ENTRIES),
        profiles=_profiles(root),
        vm_sizes=_vm_sizes(root),
        currency=root.get("currency", _currency, None),
        prices_as_of=root.get("pricesAsOf", _date, None),
        caps=_caps(root),
        defaults=_defaults(root),
        paused=root.get("paused", flag, default=False),
    )
    findings.raise_any()
    return policy


_currency = matching(r"[A-Z]{3}", "a currency's three letters", "write USD")
_date = matching(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a date", "write it as 2026-11-01")
_size_fields = ("cores", "price", "spotPrice")


def _vm_sizes(root: Section) -> dict[str, VmSize]:
    sizes = root.free("vmSizes", MOST_ENTRIES)
    return {name: _vm_size(sizes, name) for name in sizes.names()}


def _vm_size(sizes: Section, name: str) -> VmSize:
    try:
        vm_size(Scalar(None, name))
    except Wrong as wrong:
        sizes.note_key(name, wrong)
    section = sizes.section(name, _size_fields)
    return VmSize(
        cores=section.require("cores", integer(1, 10_000), 1, "say how many cores a machine of this size has"),
        price=section.get("price", number, None),
        spot_price=section.get("spotPrice", number, None),
    )


def _caps(root: Section) -> Caps:
    section = root.section("caps", CAP_FIELDS)
    return Caps(
        max_nodes=section.get("maxNodes", integer(1, MOST_NODES), None),
        max_node_hours=section.get("maxNodeHours", number, None),
        jobs_per_day=section.get("jobsPerDay", integer(0, 1_000_000), None),
        node_hours_per_day=section.get("nodeHoursPerDay", number, None),
    )


def _profiles(root: Section) -> dict[str, dict[str, Any]]:
    partial = Findings(partial=True)
    for _, field in root.children("profiles"):
        read_compute(section_of(field, tuple(name for name in COMPUTE_FIELDS if name != "profile"), partial))
    root.findings.add(partial.problems)
    root.free("profiles", MOST_ENTRIES)
    return {name: to_value(field.node) for name, field in root.children("profiles")} if not partial else {}


def _defaults(root: Section) -> dict[str, Any]:
    field = root.field("defaults")
    root.get("defaults", mapping, None)
    if field is None or not isinstance(field.node, MapNode):
        return {}
    partial = Findings(partial=True)
    read_sections(Section.of(field, partial), "job")
    root.findings.add(partial.problems)
    return dict(free_value(root, "defaults"))
