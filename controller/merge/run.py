"""Merge the chosen outputs of a job, commit, publish, say what there is. Shell.

A merge may take any number of passes: the cursor says where the next one goes on. A pass that died before its cursor
was saved goes back a little, and writes the same bytes again: all of it is a pure function of the frozen outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from controller.merge.committing import commit
from controller.merge.files import copy_files, prefix_of
from controller.merge.outputs import TaskOutput
from controller.merge.publishing import publish, published
from controller.merge.recombined import commit_recombined, find
from controller.merge.registry import JOINERS, count_records, empty_result
from controller.merge.results import Place, Result, ours, place_of
from controller.merge.sizes import Sizes
from controller.merge.survey import survey
from controller.merge.work import MergeTarget, Merging, Pulse
from controller.transfer.crew import Crew
from shared.errors import Conflict
from shared.manifest.models import Manifest
from shared.names import JobId
from shared.ports import Ports
from shared.record import MergeCursor, Merged

__all__ = ["Committed", "MergeTarget", "TaskOutput", "count_records", "empty_result", "merge"]

STAGES_AHEAD = 3
TRIES = 2


@dataclass(frozen=True)
class Committed:
    """The merged fact. `taken`: it is not (or, of files, not wholly) where merge.to says; `why` tells the reason."""

    fact: Merged
    taken: bool = False
    why: str | None = None


def merge(
    job: JobId,
    manifest: Manifest,
    outputs: Callable[[], Iterator[TaskOutput]],
    target: MergeTarget,
    ports: Ports,
    checkpoint: Callable[[MergeCursor], None],
    cursor: MergeCursor | None = None,
    tasks: int | None = None,
    sizes: Sizes | None = None,
) -> Committed:
    """The result of the outputs, in ledger order; without any, the empty result.

    For concat, lines, csv and json, one output a task. `checkpoint` is called every few seconds of work with how far it
    has come, and what it raises ends the call; `cursor` is what it was called with last. `tasks`: how many tasks must
    have outputs. Refused with MERGE, naming tasks, where the outputs cannot be merged.
    """
    with Crew(ahead=STAGES_AHEAD) as crew:
        cut = sizes or Sizes()
        pulse = Pulse(checkpoint, cursor or MergeCursor(), cut.beat)
        work = Merging(job, manifest, outputs, target, ports, crew, pulse, cut, tasks)
        match manifest.merge.by:
            case "none":
                return Committed(_fact(work, path=None, blobs=0, size=0))
            case "files":
                survey(outputs(), one_each=False, tasks=tasks)
                return _files(work)
            case "container":
                return _recombined(work)
            case _:
                return _joined(work)


def _joined(work: Merging) -> Committed:
    return _published(work, lambda own: ours(work.job, own, work.ports.work.head(*own)) or _new(work))


def _published(work: Merging, make: Callable[[Place], Result | None]) -> Committed:
    """What `make` commits at the job's own place, where merge.to says. It answers None to be asked once more."""
    own = place_of(work.target.own)
    to = place_of(work.target.to) if work.target.to else own
    for _ in range(TRIES):
        if to != own and (earlier := published(work, to)):
            return Committed(_result_fact(work, earlier))
        result = make(own)
        if result is not None:
            break
    else:
        raise Conflict(f"{work.job}: its result comes and goes")
    if to == own:
        return Committed(_result_fact(work, result))
    result, why = publish(work, result, to)
    return Committed(_result_fact(work, result), taken=why is not None, why=why)


def _recombined(work: Merging) -> Committed:
    """Of a job without any task there is nothing to recombine: the empty result."""
    item = find(work) if next(iter(work.outputs()), None) is not None else None
    if item is not None:
        return _published(work, lambda _: commit_recombined(work, item))
    if work.manifest.merge.publish:
        return _joined(work)
    return Committed(_fact(work, path=None, blobs=0, size=0))


def _new(work: Merging) -> Result | None:
    return commit(work, survey(work.outputs(), one_each=work.by in JOINERS, tasks=work.tasks))


def _files(work: Merging) -> Committed:
    copied = copy_files(work)
    fact = _fact(work, path=prefix_of(work), blobs=copied.files, size=copied.bytes)
    if not copied.taken:
        return Committed(fact)
    why = f"{copied.taken} names could not be had ({copied.first_taken} first): those files are in the job's own folder"
    return Committed(fact, taken=True, why=why)


def _result_fact(work: Merging, result: Result) -> Merged:
    fact = _fact(work, path="/".join(result.place), blobs=1, size=result.length)
    found = {"etag": result.etag, "hash_kind": result.hash_kind, "hash": result.hash, "records": result.records}
    return fact.model_copy(update=found)


def _fact(work: Merging, *, path: str | None, blobs: int, size: int) -> Merged:
    return Merged(
        at=work.ports.clock.now(),
        path=path,
        blobs=blobs,
        bytes=size,
        etag=None,
        hash_kind=None,
        hash=None,
        records=None,
        by=work.manifest.merge.by,
    )
