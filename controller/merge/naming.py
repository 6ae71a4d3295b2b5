"""The names of outputs where all of them come together: without the tasks' folders where these are not needed. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from hashlib import blake2b
from itertools import pairwise

from controller.merge.parts import refused
from shared.names import task_id


def all_differ(names: Iterable[str]) -> bool:
    """Whether the files can lie in one place: no two names are equal, none is the folder of another.

    Known by 8 bytes a name, so that a million take little memory: in some 10^8 such cases names that do differ are
    taken to be equal, which does no harm.
    """
    files, folders = array("Q"), array("Q")
    for name in names:
        files.append(_mark(name))
        at = name.find("/")
        while at >= 0:
            folders.append(_mark(name[:at]))
            at = name.find("/", at + 1)
    ordered = sorted(files)
    if any(one == other for one, other in pairwise(ordered)):
        return False
    return not folders or set(ordered).isdisjoint(folders)


def placed(index: int, name: str, flat: bool) -> str:
    """The path of one output; Refused, naming the task, for a name that would lead out of the place."""
    if any(step in ("", ".", "..") for step in name.split("/")):
        raise refused(task_id(index), f"{name!r} is no name for a file in an archive")
    return name if flat else f"{task_id(index)}/{name}"


def _mark(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
