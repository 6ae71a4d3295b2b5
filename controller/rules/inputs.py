"""Rows about the input: is it there, and what it is. Pure."""

from __future__ import annotations

from controller.rules.case import Case, Decision, verdict_without_rows
from shared.actions import FreezeInput
from shared.codes import Code
from shared.manifest.models import Manifest
from shared.record import Failure, Record


def input_missing(case: Case) -> Decision | None:
    record, seen = case.record, case.seen.input
    if record.input is not None or seen is None or seen.ready:
        return None
    source = record.plan.manifest.input
    gives_up = record.accepted + source.wait_at_most
    counted = source.kind == "blobs" and source.expect_units is not None and not (seen.waits_for and seen.found is None)
    if counted and (seen.found or 0) > (source.expect_units or 0):
        return fail(case, wrong_count(record, seen.found or 0))
    if case.now < gives_up:
        return case.hold(missing(seen.waits_for, record.plan.manifest), case.shortest, gives_up)
    if source.allow_empty and source.kind == "blobs" and not seen.found and seen.waits_for != source.wait_for:
        return case.go(FreezeInput())
    return fail(
        case, wrong_count(record, seen.found or 0) if counted else missing(seen.waits_for, record.plan.manifest)
    )


def missing(what: str | None, manifest: Manifest) -> Failure:
    return Failure(
        code=Code.INPUT_MISSING,
        message=f"{said_as(what, manifest)} is not there.",
        next="Upload it, or correct the path in the manifest; input.waitAtMost says how long the job waits.",
        evidence={"missing": what},
    )


def said_as(what: str | None, manifest: Manifest) -> str:
    """A path, and what it is to the manifest."""
    if what in (manifest.input.blob, manifest.input.blobs):
        return f"The input {what}"
    if what == manifest.input.wait_for:
        return f"The blob {what} of input.waitFor"
    return f"The config {what}" if what == manifest.config else f"The reference data {what}"


def wrong_count(record: Record, found: int) -> Failure:
    expected = record.plan.manifest.input.expect_units
    return Failure(
        code=Code.INPUT_COUNT,
        message=f"{found} blobs match, {expected} were expected.",
        next="Correct input.blobs or input.expect.units, or upload what is missing, and drop the manifest again.",
        evidence={"found": found, "expected": expected},
    )


def freeze_input(case: Case) -> Decision | None:
    record = case.record
    if record.input is not None:
        return None
    told = record.plan.units is not None and record.retry is None and not record.plan.manifest.reference
    return case.go(FreezeInput(told=told))


def fail(case: Case, failure: Failure) -> Decision:
    return case.go(verdict=verdict_without_rows(case.record, case.now, failure, "failed"))
