"""What the user's recombiner left becomes the result: chosen, copied server-side, published. Shell.

One file: the one at OUTPUT_PATH, else the only one. With `to: none` (it went elsewhere) nothing need be there.
"""

from __future__ import annotations

import hashlib
import posixpath
from dataclasses import replace

from controller.merge.results import Place, Result, ours, place_of
from controller.merge.work import Merging
from shared.errors import Conflict, Refused
from shared.names import KEEP, RECOMBINED, output_container
from shared.ports import ABSENT, BlobItem


def find(work: Merging) -> BlobItem | None:
    """The file that is the result; Refused with MERGE where there should be one and is not."""
    wanted = f"{RECOMBINED}/{posixpath.basename(work.target.own)}"
    listed = work.ports.work.list(output_container(work.job), f"{RECOMBINED}/")
    files = [item for item in listed if posixpath.basename(item.name) != KEEP]
    chosen = [item for item in files if item.name == wanted] or (files if len(files) == 1 else [])
    if chosen:
        return chosen[0]
    if not work.manifest.merge.publish:
        return None
    found = f"left {len(files)} files and none of them is OUTPUT_PATH" if files else "ended well and left no file"
    raise Refused("MERGE", 0, f"the recombiner {found} ({posixpath.basename(wanted)})")


def commit_recombined(work: Merging, item: BlobItem) -> Result:
    """A copy under results/<job id>/, known by its metadata; what an earlier pass committed is adopted."""
    place = place_of(work.target.own)
    there = ours(work.job, place, work.ports.work.head(*place))
    if there is not None:
        return there
    result = Result(place, item.etag, item.length, "sha256", digest(work, item), None)
    source: Place = (output_container(work.job), item.name)
    try:
        etag = work.ports.work.copy(source, item.etag, place, when=ABSENT, metadata=result.metadata(work.job))
    except Conflict:
        return commit_recombined(work, item)
    return replace(result, etag=etag)


def digest(work: Merging, item: BlobItem) -> str:
    """Of the bytes, read once: the user's program made them, no service has hashed them for us."""
    found = hashlib.sha256()
    for chunk in work.ports.work.stream(output_container(work.job), item.name, etag=item.etag):
        found.update(chunk)
        work.pulse.moved(len(chunk))
    return found.hexdigest()
