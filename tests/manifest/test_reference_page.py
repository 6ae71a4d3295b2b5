"""docs/manifest.md lists just the fields that the parser knows, and just its rules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.manifest import models
from tests.manifest.making import problems, tree

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "manifest.md").read_text(encoding="utf-8")
ROWS = set(re.findall(r"^\| `([a-zA-Z.\[\]]+)` \|", PAGE.partition("## The policy")[0], re.MULTILINE)) - {
    "CONFIG_PATH",
    "REFERENCE_DIR",
}
MAPPINGS = sorted({row.rpartition(".")[0] for row in ROWS})
FREE = {"items", "labels", "environment", "secrets", "sweep", "config"}


def known_below(path: str) -> set[str]:
    """The fields that the parser would take in a mapping, as it tells them of an unknown one."""
    names = path.replace("[]", "").split(".") if path else []
    changes: dict[str, object] = {".".join([*names, "qqqq"]): 1}
    if path.endswith("[]"):
        changes = {names[0]: [{"qqqq": 1}]}
    found = next(each for each in problems(changes) if each.rule == "unknownField" and "qqqq" in each.path)
    return set(found.fix.removeprefix("leave it out; here may stand ").split(", "))


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_the_page_and_the_parser_know_the_same_fields(mapping: str) -> None:
    """A field that is not on the page fails this test, and so does one that only the page has."""
    below = f"{mapping}." if mapping else ""
    documented = {row.removeprefix(below) for row in ROWS if row.startswith(below)}
    here = {name for name in documented if not re.search(r"[.\[]", name)}
    assert here == known_below(mapping)


def camel(name: str) -> str:
    """The manifest's spelling of a model's field."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


RENAMED = {
    "source": "from",
    "slots": "taskSlotsPerNode",
    "amount": "maxCost",
    "currency": "maxCost",
    "expect_units": "units",
    "json_path": "path",
    "percent": "tolerated",
    "units": "tolerated",
    "kind": "input",
    "publish": "to",
    "warnings": "container",
}


@pytest.mark.parametrize(
    "model",
    [each for each in vars(models).values() if isinstance(each, type) and issubclass(each, models.Frozen)],
    ids=lambda each: str(each.__name__),
)
def test_every_field_of_the_models_is_on_the_page(model: type[models.Frozen]) -> None:
    """What the code behind the door reads is something a person can say."""
    words = {part for row in ROWS for part in row.replace("[]", "").split(".")}
    for name in model.model_fields:
        assert RENAMED.get(name, camel(name)) in words, name


def test_every_rule_is_explained() -> None:
    """The rules on the page are those in the code."""
    sources = [*(ROOT / "shared" / "manifest").glob("*.py"), ROOT / "shared" / "policy.py"]
    used = set()
    for source in sources:
        text = source.read_text(encoding="utf-8")
        used |= set(re.findall(r'Wrong\(\s*"([a-zA-Z]+)"', text))
        used |= set(re.findall(r'(?:syntax_error|_refused)\([^"]*?"([a-zA-Z]+)"', text))
        used |= set(re.findall(r'Problem\([\w"]+, "([a-zA-Z]+)"', text))
    explained = set(re.findall(r"`([a-zA-Z]+)`", PAGE.partition("## Rules")[2]))
    assert used - {""} == explained


def test_a_change_to_the_page_would_be_seen() -> None:
    """The rows were found at all."""
    assert len(ROWS) > 80
    assert "container.image" in ROWS
    assert tree({})
