"""The page of failures says what the cases say."""

from pathlib import Path

from tests.failures.page import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "failures.md"


def test_the_page_is_made_from_the_cases() -> None:
    """Who changes a case or a message makes the page again: `python -m tests.failures.page > docs/failures.md`."""
    assert PAGE.read_text(encoding="utf-8") == page()
