"""The frozen outputs, gone through once before a merge: what they amount to, and that none is missing or there twice.
Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from controller.merge.outputs import TaskOutput
from controller.merge.parts import refused
from shared.errors import Refused
from shared.names import task_id

NO_BYTES = "d41d8cd98f00b204e9800998ecf8427e"
"""The MD5 of an empty output, which a store need not keep."""
UNKNOWN = "-"


@dataclass(frozen=True)
class Survey:
    """`tasks` that have outputs; `parts` and `bytes` of the outputs that are not empty; `unhashed`: the first task for
    one of which the store keeps no MD5."""

    tasks: int = 0
    parts: int = 0
    bytes: int = 0
    unhashed: str | None = None


def survey(outputs: Iterable[TaskOutput], *, one_each: bool, tasks: int | None) -> Survey:
    """Refused with MERGE where a task has two outputs and may have one, where outputs are out of order, or where there
    are not as many `tasks` as ended well (None: whatever there is)."""
    last, found, parts, size, unhashed = -1, 0, 0, 0, None
    for output in outputs:
        if output.index < last or (one_each and output.index == last):
            raise refused(task_id(output.index), f"it is there twice ({output.name})")
        found += output.index != last
        last = output.index
        if output.length:
            parts, size = parts + 1, size + output.length
            unhashed = unhashed or (None if output.md5 else task_id(output.index))
    if tasks is not None and found != tasks:
        raise Refused("MERGE", 0, f"{tasks} tasks ended well and {found} have outputs: nothing is merged")
    return Survey(found, parts, size, unhashed)


def parts_hash(outputs: Iterable[TaskOutput]) -> str:
    """SHA-256 over a line `index length md5` for each merged output; `-` for an MD5 that the store does not keep."""
    digest = hashlib.sha256()
    for output in outputs:
        md5 = output.md5 or UNKNOWN if output.length else NO_BYTES
        digest.update(f"{output.index} {output.length} {md5}\n".encode())
    return digest.hexdigest()
