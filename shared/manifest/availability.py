"""What the contract has and this version has not: refused by name, never ignored."""

from __future__ import annotations

from shared.manifest.findings import Wrong
from shared.manifest.section import Section


def refuse(section: Section, name: str, value: str = "") -> None:
    """Note that a field that stands there, or the `value` of it, is not available."""
    if section.stated(name):
        section.note(name, unavailable(f"{section.path}.{name}".lstrip("."), value))


def unavailable(path: str, value: str = "") -> Wrong:
    """`<path> <value> is not available in this version`, with what to do instead."""
    thing = f"{path} {value}".strip()
    return Wrong("notAvailable", f"{thing} is not available in this version", "leave it out")
