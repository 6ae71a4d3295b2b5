"""Readers of paths and globs in the work account: `container/blob`."""

from __future__ import annotations

import re

from shared.globs import has_wildcard
from shared.manifest.findings import Wrong
from shared.manifest.nodes import Node, shortened
from shared.manifest.values import text

LONGEST_BLOB = 1024
LONGEST_GLOB = 63 + 1 + LONGEST_BLOB

_CONTAINER = re.compile(r"[a-z0-9](?:-?[a-z0-9])*", re.ASCII)
_EXAMPLE = "write it as container/blob, such as data/queries.txt"
_GLOB_EXAMPLE = "write it as container/glob, such as data/photos/**"


def blob_path(node: Node) -> str:
    """`container/blob`."""
    value = checked_path(text(node, _EXAMPLE))
    if value.endswith("/"):
        raise Wrong("pattern", f"must name a blob, not the folder {shortened(value)}", "leave the slash at the end out")
    return value


def blob_or_prefix(node: Node) -> str:
    """`container/blob` or `container/prefix/`."""
    return checked_path(text(node, _EXAMPLE))


def path_glob(node: Node) -> str:
    """A glob whose container is plain."""
    value = text(node, _GLOB_EXAMPLE)
    container, slash, rest = value.partition("/")
    if has_wildcard(container):
        raise Wrong("pattern", f"must name one container before the first slash, not {shortened(container)}", _EXAMPLE)
    if not slash or not rest:
        raise Wrong("pattern", f"must be container/glob, not {shortened(value)}", _GLOB_EXAMPLE)
    checked_path(value)
    return value


def free_glob(node: Node) -> str:
    """A glob that may hold wildcards anywhere, its container included (`**/*.gif`)."""
    value = text(node)
    if not value:
        raise Wrong("pattern", "must not be empty", "write a glob such as **/*.gif")
    if len(value) > LONGEST_GLOB:
        raise Wrong("range", f"has {len(value)} characters; at most {LONGEST_GLOB} are allowed", "shorten it")
    _check_characters(value)
    return value


def checked_path(value: str, what: str = "path") -> str:
    """`value` if it can be a path in the work account, else Wrong."""
    container, slash, blob = value.partition("/")
    if not slash:
        raise Wrong("pattern", f"must be container/blob, not {shortened(value)}", _EXAMPLE)
    if not (3 <= len(container) <= 63 and _CONTAINER.fullmatch(container)):
        meaning = "3 to 63 lower-case letters, digits and single hyphens"
        raise Wrong("pattern", f"the container of the {what} must be {meaning}, not {shortened(container)}", _EXAMPLE)
    if blob:
        check_name(blob)
    return value


def check_name(name: str) -> None:
    """Wrong unless `name` can be the name of a blob, or (with a slash at its end) of a folder."""
    _check_characters(name)
    segments = name.removesuffix("/").split("/")
    if "" in segments:
        raise Wrong("pattern", "must not begin with a slash or hold two in a row", "leave the extra slash out")
    if "." in segments or ".." in segments:
        raise Wrong("pattern", "must not hold . or .. between slashes", "write the path out")
    if len(name) > LONGEST_BLOB:
        raise Wrong(
            "range", f"has {len(name)} characters after the container; at most {LONGEST_BLOB} are allowed", "shorten it"
        )


def _check_characters(name: str) -> None:
    if "\\" in name:
        raise Wrong("pattern", "must not hold a backslash", "write / between folders")
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise Wrong("pattern", "must not hold a control character", "remove it")
