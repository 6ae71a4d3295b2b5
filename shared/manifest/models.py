"""A manifest after parsing: frozen, complete, every default resolved. Field by field as the public contract has it.

Durations are timedeltas, sizes bytes, paths `container/blob`. What a value could not be is refused by `parse`, so the
code behind these types never asks again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

SplitBy = Literal["lines", "csv", "json", "fasta", "fastq", "bytes", "container"]
MergeBy = Literal["concat", "lines", "csv", "json", "zip", "files", "container", "none"]
UnitKind = Literal[
    "items",
    "lines",
    "csv rows",
    "json elements",
    "fasta records",
    "fastq records",
    "records",
    "bytes",
    "blobs",
    "numbers",
    "combinations",
    "units",
]
InputKind = Literal["items", "blob", "blobs", "range", "sweep"]
Staging = Literal["transfer", "mount"]


class Frozen(BaseModel):
    """Base of every manifest model."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ContainerImage(Frozen):
    image: str
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    working_directory: str | None = None
    """Absolute path, "image", or None for the task's folder."""
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}


class Reference(Frozen):
    name: str
    source: str
    """`container/blob`, or `container/prefix/` with a closing slash (manifest field `from`)."""
    unpack: bool = False


class Range(Frozen):
    start: int = 0
    stop: int
    step: int = 1

    @property
    def count(self) -> int:
        """How many numbers there are; `step` is positive."""
        return max(0, -((self.start - self.stop) // self.step))


class Input(Frozen):
    kind: InputKind
    retry_of: str | None = None
    """The job whose failed units run again: all else here is that job's."""
    items: tuple[Any, ...] = ()
    blob: str | None = None
    blobs: str | None = None
    range: Range | None = None
    sweep: dict[str, tuple[Any, ...]] = {}
    exclude: tuple[str, ...] = ()
    expect_units: int | None = None
    wait_for: str | None = None
    wait_at_most: timedelta = timedelta(minutes=10)
    allow_empty: bool = False
    deliver: Literal["file", "environment"] = "file"


class SideContainer(Frozen):
    """The user's own splitter or recombiner: run once, on a dedicated node. None: as the job's container has it."""

    image: str | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    environment: dict[str, str] = {}
    secrets: dict[str, str] = {}
    vm_size: str | None = None


class CsvDialect(Frozen):
    header: bool = True
    delimiter: str = ","
    quote: str = '"'
    quoted_newlines: bool = True
    encoding: Literal["utf-8"] = "utf-8"


class Split(Frozen):
    by: SplitBy | None = None
    """None where the input is not one blob."""
    units_per_task: int | None = None
    bytes_per_task: int | None = None
    tasks: int | None = None
    csv: CsvDialect = CsvDialect()
    json_path: str = ""
    """Dotted path of the array in its document; empty: the document is the array."""
    record_size: int = 1
    """Bytes of a record (`split.bytes.recordSize`)."""
    container: SideContainer | None = None


class Output(Frozen):
    name: str
    """Template with {stem} {ext} {path} {index}."""
    empty: Literal["allow", "fail"] = "allow"
    records_per_unit: int | None = None


class MergeCsv(Frozen):
    header: bool = True
    delimiter: str = ","


class Reduce(Frozen):
    by: tuple[str, ...]
    sum: tuple[str, ...] = ()
    min: tuple[str, ...] = ()
    max: tuple[str, ...] = ()
    count: tuple[str, ...] = ()


class Merge(Frozen):
    by: MergeBy
    csv: MergeCsv = MergeCsv()
    reduce: Reduce | None = None
    container: SideContainer | None = None
    to: str | None = None
    """Template with {jobId} {name} {date} {time} {ext}; `container/prefix/` for files; None = nothing is published
    besides results/<job id>/. Absent in the file: the default of the contract stands here."""
    publish: bool = True
    """False for `to: none`."""
    if_exists: Literal["fail", "replace"] = "fail"


class Compute(Frozen):
    vm_size: str
    os_image: str | None = None
    max_nodes: int = 10
    slots: int = 1
    spot: bool = True
    dedicated_after_preemptions: int | None = 3
    """None = never."""
    staging: Staging = "transfer"
    pool: str | None = None
    """The operator's pool that is shared with other jobs; nothing else here is said then. None = one of its own."""


class Money(Frozen):
    amount: float
    currency: str
    """Always the policy's."""


class Limits(Frozen):
    max_task_retry_count: int = 3
    task_timeout: timedelta = timedelta(hours=6)
    job_timeout: timedelta = timedelta(days=7)
    queue_timeout: timedelta = timedelta(days=2)
    max_node_hours: float | None = None
    max_cost: Money | None = None


class Tolerance(Frozen):
    """`units` or `percent`; exactly one is set."""

    units: int | None = 0
    percent: float | None = None


class Retention(Frozen):
    complete: timedelta = timedelta(0)
    otherwise: timedelta = timedelta(days=3)
    results: timedelta = timedelta(days=90)


class Manifest(Frozen):
    version: Literal[1] = 1
    name: str
    labels: dict[str, str] = {}
    idempotency_key: str | None = None
    on_replace: Literal["continue", "cancel"] = "continue"
    dry_run: bool = False
    container: ContainerImage
    config: dict[str, Any] | str | None = None
    """Inline mapping, or `container/blob`."""
    reference: tuple[Reference, ...] = ()
    input: Input
    split: Split
    output: Output
    merge: Merge
    compute: Compute
    limits: Limits = Limits()
    tolerated: Tolerance = Tolerance()
    stop_on: tuple[int, ...] = ()
    """Exit codes that end the job."""
    skip_on: tuple[int, ...] = ()
    """Exit codes that make a task's units count as skipped."""
    retention: Retention = Retention()
    logs: Literal["failed", "all"] = "failed"
    canary: bool = False
    warnings: tuple[tuple[str, str], ...] = ()
    """(code, message) found while parsing, such as NO_TAG."""

    @property
    def has_exit_rules(self) -> bool:
        """Does what an exit code means differ from code to code? Batch then repeats nothing by itself."""
        return bool(self.stop_on or self.skip_on)
