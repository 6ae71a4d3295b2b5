"""Listed blobs before their split: can each be a file in a task, and does each output have a name of its own? Shell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from controller.split.collisions import Digests, first_collision
from controller.split.listfile import container_of, own_name, whole_name
from controller.split.mounted import is_mounted
from controller.split.output_names import blob_output, is_told_apart
from controller.split.sources import read_sources
from controller.split.work import Splitting
from shared.errors import Refused

BLOBS_PER_CHECK = 10_000


def check_names(work: Splitting, checkpoint: Callable[[], None]) -> None:
    """Refused with SPLIT for a blob that no file can be named after, and, where the merge collects files, for two blobs
    whose outputs would have one name, naming both."""
    apart = work.manifest.merge.by != "files" or is_told_apart(work.manifest.output.name)
    digests = Digests()
    for number, (output, _) in enumerate(_named(work), start=1):
        if not apart:
            digests.add(output)
        if number % BLOBS_PER_CHECK == 0:
            checkpoint()
    if suspects := digests.doubled():
        _refuse(work, suspects)


def _refuse(work: Splitting, suspects: frozenset[int]) -> None:
    found = first_collision(_named(work), suspects)
    if found is not None:
        name, one, other = found
        message = f"{one} and {other} would both give {name} under merge.to. Use {{path}} or {{index}} in output.name."
        raise Refused("SPLIT", 0, message)


def _named(work: Splitting) -> Iterator[tuple[str, str]]:
    """(output's name, blob's path) of every blob of the list."""
    container = container_of(work.manifest)
    check = whole_name if is_mounted(work.manifest) else own_name
    blobs = islice(read_sources(work.ports.control, work.job), work.source.blobs)
    for position, blob in enumerate(blobs):
        check(blob)
        yield blob_output(work.manifest, blob, position), f"{container}/{blob.name}"
