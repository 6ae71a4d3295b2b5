"""The page of the formula shows the formula, each of its lines, and what it did."""

from __future__ import annotations

import re

from tests.autoscale.page import PAGE, example, renewed
from tests.autoscale.scenes import DRAWN

TEXT = PAGE.read_text(encoding="utf-8")


def test_pictures_and_formulas_are_those_of_the_tests() -> None:
    """Who changes the formula draws them again: `python -m tests.autoscale.page`."""
    assert renewed(TEXT) == TEXT
    assert {f"picture: {name}" for name in DRAWN} <= set(re.findall(r"<!-- (picture: .+?) -->", TEXT))


def test_every_line_of_the_formula_is_explained() -> None:
    """Each variable that a line sets has its row in the table."""
    explained = set(re.findall(r"^\| `([$A-Za-z]+)` \|", TEXT, flags=re.MULTILINE))
    set_by_formula = {line.partition(" ")[0] for line in (example("spot") + "\n" + example("dedicated")).splitlines()}
    assert set_by_formula == explained
