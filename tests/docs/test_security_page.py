"""docs/security.md claims nothing that it does not show: the tests that it names are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def test_every_test_that_the_page_names_is_there() -> None:
    """A claim whose test was renamed or taken away fails this one."""
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    written = {name for source in sources for name in re.findall(r"^def (test_\w+)\(", source, flags=re.MULTILINE)}
    assert len(named) > 25
    assert sorted(named - written) == []


def test_every_row_says_how_it_is_shown() -> None:
    """Each row of a table that is about shown claims names a test, or says that nothing here shows it."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "shown by" not in line]
    assert len(rows) > 10
    assert [row for row in rows if not re.search(r"test_\w+|not shown here", row)] == []
