"""Which variables of the contract have a value for a manifest, and the check of every `$(NAME)` against them."""

from __future__ import annotations

from shared.manifest.expansion import names_in
from shared.manifest.findings import Findings, Wrong
from shared.manifest.models import Input
from shared.manifest.nodes import Scalar, shortened
from shared.manifest.section import Field, Section

ALWAYS = (
    "OUTPUT_PATH",
    "OUTPUT_DIR",
    "BATCHDROP_JOB_ID",
    "BATCHDROP_TASK_ID",
    "BATCHDROP_TASK_INDEX",
    "BATCHDROP_TASK_COUNT",
)
FILES = ("INPUT_PATH", "INPUT_DIR")
UNIT = ("BATCHDROP_UNIT",)
INTERVAL = ("BATCHDROP_UNIT_START", "BATCHDROP_UNIT_STOP", "BATCHDROP_UNIT_STEP")

_WHEN = {
    **dict.fromkeys(FILES, "has a value only where the input is delivered as a file"),
    **dict.fromkeys(UNIT, "has a value only for items and sweep with input.deliver: environment"),
    **dict.fromkeys(INTERVAL, "has a value only for range"),
    "CONFIG_PATH": "has a value only with config",
    "REFERENCE_DIR": "has a value only with reference",
    "BATCHDROP_FAILED_PATH": "has a value only where units are counted, not bytes",
    **dict.fromkeys(("LEDGER_PATH", "FAILED_PATH"), "has a value only in merge.container"),
}


def valued(source: Input | None, *, counted: bool, config: bool, reference: bool) -> frozenset[str]:
    """The contract's variables that every task of such a manifest has; those that one could have, without a source.

    `counted`: its units are no bytes.
    """
    names = {*ALWAYS}
    names |= {"CONFIG_PATH"} if config else set()
    names |= {"REFERENCE_DIR"} if reference else set()
    names |= {"BATCHDROP_FAILED_PATH"} if counted else set()
    names |= {*INTERVAL} if source is None or source.kind == "range" else set()
    names |= {*FILES} if source is None or source.deliver == "file" else set()
    names |= {*UNIT} if source is None or (source.deliver == "environment" and source.kind != "range") else set()
    return frozenset(names)


SPLITTER = ("INPUT_PATH", "INPUT_DIR", "OUTPUT_DIR", "BATCHDROP_JOB_ID")
RECOMBINER = ("INPUT_DIR", "LEDGER_PATH", "FAILED_PATH", "OUTPUT_PATH", "OUTPUT_DIR", "BATCHDROP_JOB_ID")


def valued_beside(way: str, *, config: bool, reference: bool) -> frozenset[str]:
    """The variables of the splitter's (`split`) or recombiner's (`merge`) container."""
    if way == "merge":
        return frozenset(RECOMBINER)
    names = {*SPLITTER} | ({"CONFIG_PATH"} if config else set()) | ({"REFERENCE_DIR"} if reference else set())
    return frozenset(names)


def check_references(container: Section, known: frozenset[str]) -> None:
    """Note every `$(NAME)` in environment, command and args of a container that has no value there."""
    environment = container.children("environment")
    secrets = frozenset(name for name, _ in container.children("secrets"))
    own = frozenset(name for name, _ in environment)
    for _, field in environment:
        _check(field, container.findings, known, secrets)
    for name in ("command", "args"):
        for _, field in container.children(name):
            _check(field, container.findings, known | own, secrets - own)


def _check(field: Field, findings: Findings, known: frozenset[str], secrets: frozenset[str]) -> None:
    value = field.node.value if isinstance(field.node, Scalar) else None
    for name in names_in(value) if isinstance(value, str) else ():
        if name in secrets or name not in known:
            wrong = _wrong(name, known, secrets)
            findings.note(field.path, field.mark, wrong, from_policy=field.node.mark is None)


def _wrong(name: str, known: frozenset[str], secrets: frozenset[str]) -> Wrong:
    shown = shortened(name)[1:-1]
    if name in secrets:
        fix = f"let the program read the variable {shown} itself"
        return Wrong("expansion", f"$({shown}) is a secret, and secrets are never expanded", fix)
    why = _WHEN.get(name, "is no variable of Batchdrop's and no key of container.environment")
    listed = ", ".join(sorted(known))
    return Wrong("expansion", f"$({shown}) {why}", f"use one of {listed}; $$({shown}) keeps the text as it is")
