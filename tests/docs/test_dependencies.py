"""Every dependency has its reason written down."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text()


def required(file: str) -> set[str]:
    """The packages that a requirements file names."""
    lines = (line.strip() for line in (ROOT / file).read_text().splitlines())
    names = (re.match(r"[A-Za-z0-9._-]+", line) for line in lines if line and line[0] not in "#-")
    return {name.group().lower() for name in names if name}


def explained(heading: str) -> dict[str, str]:
    """Package -> reason, from the table under the heading that names `heading`."""
    section = next(part for part in PAGE.split("\n## ") if f"(`{heading}`)" in part)
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", section, flags=re.MULTILINE)
    return {package.lower(): reason for package, reason in rows}


def test_app_dependencies_are_explained() -> None:
    """docs/dependencies.md gives a reason for each package of requirements.txt, and for no other."""
    assert explained("requirements.txt").keys() == required("requirements.txt")


def test_development_dependencies_are_explained() -> None:
    """docs/dependencies.md gives a reason for each package of requirements-dev.txt, and for no other."""
    assert explained("requirements-dev.txt").keys() == required("requirements-dev.txt")
