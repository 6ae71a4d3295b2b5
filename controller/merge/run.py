"""Merge the chosen outputs of a job, commit, publish, say what there is. Shell.

Begun again from the start in each pass, save what is committed already: everything written is a pure function of the
frozen outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from controller.merge.committing import Result, commit, ours, place_of
from controller.merge.files import copy_files, prefix_of
from controller.merge.publishing import publish, published
from controller.merge.recombined import commit_recombined, find
from controller.merge.registry import count_records, empty_result
from controller.merge.work import MergeTarget, Merging, Pulse, TaskOutput
from controller.transfer.crew import Crew
from shared.manifest.models import Manifest
from shared.names import JobId
from shared.ports import Ports
from shared.record import Merged

__all__ = ["Committed", "MergeTarget", "TaskOutput", "count_records", "empty_result", "merge"]

STAGES_AHEAD = 3


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
    checkpoint: Callable[[], None],
) -> Committed:
    """The result of the outputs, in ledger order; without any, the empty result.

    For concat, lines, csv and json, one output a task. `checkpoint` is called every few seconds of work, and what it
    raises ends the call. Refused with MERGE, naming tasks, where the outputs cannot be merged.
    """
    with Crew(ahead=STAGES_AHEAD) as crew:
        work = Merging(job, manifest, outputs, target, ports, crew, Pulse(checkpoint))
        match manifest.merge.by:
            case "none":
                return Committed(_fact(work, path=None, blobs=0, size=0))
            case "files":
                return _files(work)
            case "container":
                return _recombined(work)
            case _:
                return _joined(work)


def _joined(work: Merging) -> Committed:
    own = place_of(work.target.own)
    to = place_of(work.target.to) if work.target.to else own
    if to != own and (earlier := published(work, to)):
        return Committed(_result_fact(work, earlier))
    result = ours(work.job, own, work.ports.work.head(*own)) or commit(work)
    if to == own:
        return Committed(_result_fact(work, result))
    result, why = publish(work, result, to)
    return Committed(_result_fact(work, result), taken=why is not None, why=why)


def _recombined(work: Merging) -> Committed:
    """Of a job without any task there is nothing to recombine: the empty result."""
    item = find(work) if next(iter(work.outputs()), None) is not None else None
    if item is None and work.manifest.merge.publish:
        return _joined(work)
    if item is None:
        return Committed(_fact(work, path=None, blobs=0, size=0))
    own = place_of(work.target.own)
    to = place_of(work.target.to) if work.target.to else own
    if to != own and (earlier := published(work, to)):
        return Committed(_result_fact(work, earlier))
    result, why = commit_recombined(work, item), None
    if to != own:
        result, why = publish(work, result, to)
    return Committed(_result_fact(work, result), taken=why is not None, why=why)


def _files(work: Merging) -> Committed:
    copied = copy_files(work)
    fact = _fact(work, path=prefix_of(work), blobs=copied.files, size=copied.bytes)
    if not copied.taken:
        return Committed(fact)
    why = f"{copied.taken} names could not be had ({copied.first_taken} first): those files are in the job's own folder"
    return Committed(fact, taken=True, why=why)


def _result_fact(work: Merging, result: Result) -> Merged:
    fact = _fact(work, path="/".join(result.place), blobs=1, size=result.length)
    return fact.model_copy(
        update={"etag": result.etag, "hash_kind": "sha256", "hash": result.sha256, "records": result.records}
    )


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
