"""The page of limits is as long as the limits are."""

import re
from pathlib import Path

from shared.codes import Code, Warn

ROOT = Path(__file__).resolve().parents[2]
LIMITS = (ROOT / "docs" / "limits.md").read_text()


def given() -> set[str]:
    """The codes that the product gives somewhere: by their name in the enum, or as a refusal's code."""
    files = (path for folder in ("controller", "shared") for path in (ROOT / folder).rglob("*.py"))
    source = "\n".join(path.read_text() for path in files if path.name != "codes.py")
    return set(re.findall(r'(?:\b(?:Code|Warn)\.|")([A-Z_0-9]+)\b', source))


def test_codes_that_are_never_given_are_named() -> None:
    """A code of the contract that this version never gives stands in docs/limits.md, and no other does."""
    sentence = re.search(r"These codes of the contract are never given: (.*?)\.\n", LIMITS, flags=re.DOTALL)
    named = set(re.findall(r"`([A-Z_0-9]+)`", sentence.group(1))) if sentence else set()
    assert named == {*Code, *Warn} - given()
