"""Names with placeholders: `{stem}` and its like in output.name, `{jobId}` and its like in merge.to."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

from shared.manifest.findings import Wrong
from shared.manifest.nodes import shortened

OUTPUT_NAMES = ("stem", "ext", "path", "index")
TARGET_NAMES = ("jobId", "name", "date", "time", "ext")

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def placeholders(template: str, known: tuple[str, ...]) -> frozenset[str]:
    """The placeholders of a template; Wrong when it holds a brace that is none of the `known` ones."""
    found = _PLACEHOLDER.findall(template)
    for name in found:
        if name not in known:
            raise Wrong("templateName", f"there is no {{{name}}} here", f"use {_listed(known)}")
    if re.search(r"[{}]", _PLACEHOLDER.sub("", template)):
        message = f"a brace without its partner in {shortened(template)}"
        raise Wrong("templateName", message, f"braces only stand around {_listed(known)}")
    return frozenset(found)


def render(template: str, values: Mapping[str, str]) -> str:
    """The template with those placeholders filled in that have a value; the others stay."""
    return _PLACEHOLDER.sub(lambda found: values.get(found.group(1), found.group()), template)


def extension(path: str) -> str:
    """The extension of a path's last segment with its dot; `` for none."""
    return posixpath.splitext(path)[1]


def text_extension(path: str) -> str:
    """The extension of what is cut out of a blob: `.csv` for `a.csv.gz`, since gzip data is unpacked as it is cut."""
    stem, packed = posixpath.splitext(path)
    return extension(stem if packed.lower() == ".gz" else path)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)
