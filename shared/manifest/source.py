"""Manifest section `input`: what the units are, and when they are there."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from shared.manifest.anything import free_list
from shared.manifest.findings import Wrong
from shared.manifest.models import Input, InputKind, Range
from shared.manifest.nodes import MapNode, Node
from shared.manifest.paths import blob_path, free_glob, path_glob
from shared.manifest.section import Section
from shared.manifest.values import choice, duration, flag, integer

Delivery = Literal["file", "environment"]
KINDS: tuple[InputKind, ...] = ("items", "blob", "blobs", "range", "sweep")
SOURCES = (*KINDS, "retryOf")
FIELDS = (*SOURCES, "exclude", "expect", "waitFor", "waitAtMost", "allowEmpty", "deliver")
MOST_UNITS = 1_000_000_000_000
_INTEGER = integer(-(2**63), 2**63 - 1)
_DELIVERIES: tuple[Delivery, ...] = ("file", "environment")
ONE_SOURCE = f"say exactly one of {', '.join(SOURCES)}"


def read_input(section: Section) -> Input | None:
    """The input as stated; None where there is not exactly one source.

    `retryOf` is read before (`shared.manifest.retried`): the source is then that of the retried job.
    """
    if section.stated("retryOf"):
        section.note("retryOf", Wrong("onlyWith", "goes in a manifest of its own, in no default", "leave it out"))
    stated = [name for name in SOURCES if section.stated(name)]
    if len(stated) > 1 or section.lacks(*SOURCES):
        found = f"{' and '.join(stated)} are said" if stated else "none is said"
        section.note_self(Wrong("exactlyOne", f"must have exactly one source; {found}", ONE_SOURCE))
    kind = next((kind for kind in KINDS if stated == [kind]), None)
    if kind:
        _check_kind(section, kind)
    source = _source(section, kind)
    return source if kind else None


def _check_kind(section: Section, kind: InputKind) -> None:
    if kind != "blobs":
        section.misplaced("exclude", "goes only with input.blobs")
    if kind in ("blob", "blobs") and section.says("deliver", "environment"):
        section.misplaced("deliver", "environment goes only with items, range and sweep", "say file, or leave it out")


def _source(section: Section, kind: InputKind | None) -> Input:
    return Input(
        kind=kind or "items",
        items=tuple(free_list(section, "items")),
        blob=section.get("blob", blob_path, None),
        blobs=section.get("blobs", path_glob, None),
        range=_range(section),
        sweep=_sweep(section),
        exclude=section.read_each("exclude", free_glob, 100),
        expect_units=_expect(section),
        wait_for=section.get("waitFor", blob_path, None),
        wait_at_most=section.get("waitAtMost", duration(timedelta(0), timedelta(days=1)), timedelta(minutes=10)),
        allow_empty=section.get("allowEmpty", flag, default=False),
        deliver=_deliver(section, kind),
    )


def _range(section: Section) -> Range | None:
    if not section.stated("range"):
        return None
    inner = section.section("range", ("start", "stop", "step"))
    start = inner.get("start", _INTEGER, 0)
    stop = inner.require("stop", _INTEGER, 0, "say where the range ends, such as stop: 1000")
    found = Range(start=start, stop=stop, step=inner.get("step", integer(1, 2**63 - 1), 1))
    if found.count > MOST_UNITS:
        section.note("range", Wrong("range", "holds more than 10^12 numbers", "split the work into several jobs"))
    return found


def _sweep(section: Section) -> dict[str, tuple[Any, ...]]:
    lists = section.free("sweep", 100)
    if section.stated("sweep") and not lists.names():
        section.get("sweep", _no_lists, None)
    return {name: tuple(free_list(lists, name)) for name in lists.names()}


def _no_lists(node: Node) -> None:
    if isinstance(node, MapNode) and not node.entries:
        raise Wrong("range", "must hold at least one list", "write a name and its values, such as seed: [1, 2, 3]")


def _expect(section: Section) -> int | None:
    if not section.stated("expect"):
        return None
    inner = section.section("expect", ("units",))
    return inner.require("units", integer(0, MOST_UNITS), 0, "say how many units there must be, such as units: 100")


def _deliver(section: Section, kind: InputKind | None) -> Delivery:
    default: Delivery = "environment" if kind == "range" else "file"
    return section.get("deliver", choice(_DELIVERIES), default)
