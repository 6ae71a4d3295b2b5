"""What a blob in the drop box is, by its name. Pure."""

from __future__ import annotations

from enum import Enum

from shared.names import leads_elsewhere, status_blob

MANIFESTS = (".yaml", ".yml", ".json")
CANCEL = ".cancel"
HIDDEN = (".", "_")
LONGEST_NAME = 1024
"""Characters that the name of a blob may have."""


class Kind(Enum):
    MANIFEST = "manifest"
    CANCEL = "cancel"
    IGNORED = "ignored"
    OTHER = "other"


def classify(path: str) -> Kind:
    """A name that begins with `.` or `_` is ignored, be it the whole name or what follows its last slash; so is a name
    that no address can say, and one that is too long for its answer to have a name."""
    name = path.rsplit("/", 1)[-1]
    if leads_elsewhere(path) or path.startswith(HIDDEN) or name.startswith(HIDDEN):
        return Kind.IGNORED
    if name.endswith(CANCEL):
        return Kind.CANCEL
    if len(status_blob(path)) > LONGEST_NAME:
        return Kind.IGNORED
    return Kind.MANIFEST if name.endswith(MANIFESTS) else Kind.OTHER


def cancelled_path(path: str) -> str:
    """The manifest path that a `.cancel` names."""
    return path.removesuffix(CANCEL)
