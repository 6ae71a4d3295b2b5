"""Links in the documentation lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OUTSIDE = ("http://", "https://", "mailto:")
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "local/**/*.md")
    for path in ROOT.glob(pattern)
)


def links_in(page: Path) -> list[str]:
    """Targets of the page's links into this repository; code is no text."""
    text = re.sub(r"```.*?```|`[^`]*`", "", (ROOT / page).read_text(), flags=re.DOTALL)
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if not target.startswith(OUTSIDE)]


def anchors_of(page: Path) -> set[str]:
    """The anchors that a page's headings get."""
    headings = re.findall(r"^#+ +(.+?) *$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_resolve(page: Path) -> None:
    """Each link of a page names a file or folder that is there, and a heading that is in it."""
    for target in links_in(page):
        path, _, anchor = target.partition("#")
        found = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        assert found.exists(), f"{page}: {target} is not there"
        assert not anchor or anchor in anchors_of(found), f"{page}: {target}: no such heading"


def pages_at(target: Path) -> list[Path]:
    """The pages that a link to `target` leads to: a folder shows all of its own."""
    files = sorted(target.glob("*.md")) if target.is_dir() else [target]
    return [file.relative_to(ROOT) for file in files if file.suffix == ".md" and file.is_relative_to(ROOT)]


def test_every_page_is_reachable() -> None:
    """Following links from the README leads to every page of the documentation."""
    seen: set[Path] = set()
    ahead = [Path("README.md")]
    while ahead:
        page = ahead.pop()
        if page not in seen and (ROOT / page).is_file():
            seen.add(page)
            for link in links_in(page):
                ahead += pages_at(((ROOT / page).parent / link.partition("#")[0]).resolve())
    missing = sorted(str(page) for page in PAGES if page not in seen)
    assert not missing, f"no way from README.md to {', '.join(missing)}"
