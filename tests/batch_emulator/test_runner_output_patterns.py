"""Which files an output file pattern means, and what their blobs are called."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.batch_emulator.runner.output_files import match_files

FILES = ("wd/a.txt", "wd/b.txt", "wd/b.log", "wd/d/c.txt", "wd/d/e/f.txt", "wd/.hidden", "stdout.txt", "stderr.txt")


@pytest.fixture
def working(tmp_path: Path) -> Path:
    """A task's working directory with some files in and beside it."""
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    return tmp_path / "wd"


@pytest.mark.parametrize(
    ("pattern", "destination", "blobs"),
    [
        ("a.txt", "results/1", {"results/1"}),
        ("a.txt", "", {"a.txt"}),
        ("d/c.txt", "", {"c.txt"}),
        ("d", "x", set()),
        ("none.txt", "x", set()),
        ("*.txt", "out", {"out/a.txt", "out/b.txt"}),
        ("*.txt", "", {"a.txt", "b.txt"}),
        ("?.log", "out/", {"out/b.log"}),
        ("[ab].txt", "", {"a.txt", "b.txt"}),
        ("[!a].txt", "", {"b.txt"}),
        ("d/*.txt", "out", {"out/c.txt"}),
        ("d/*/*.txt", "out", {"out/e/f.txt"}),
        ("*/c.txt", "out", {"out/d/c.txt"}),
        ("**/*.txt", "out", {"out/a.txt", "out/b.txt", "out/d/c.txt", "out/d/e/f.txt"}),
        ("d/**/*.txt", "out", {"out/c.txt", "out/e/f.txt"}),
        ("d/**", "out", {"out/c.txt", "out/e/f.txt"}),
        ("**/f.txt", "", {"d/e/f.txt"}),
        ("../std*.txt", "logs", {"logs/stdout.txt", "logs/stderr.txt"}),
        ("../stdout.txt", "logs/1.txt", {"logs/1.txt"}),
        ("nowhere/*.txt", "x", set()),
    ],
)
def test_patterns(working: Path, pattern: str, destination: str, blobs: set[str]) -> None:
    """A plain path becomes the destination itself; behind a wildcard the rest of the path is kept."""
    assert {found.blob for found in match_files(pattern, destination, working)} == blobs


def test_an_absolute_pattern(working: Path) -> None:
    """Folders given by variables are absolute."""
    assert [found.file for found in match_files(f"{working}/d/*.txt", "", working)] == [working / "d/c.txt"]


@given(st.text(alphabet="ab.*?[]!{}()+^$|\\-", min_size=1, max_size=12))
def test_no_pattern_is_an_error(pattern: str) -> None:
    """Signs that mean something to a regular expression mean themselves here."""
    assert isinstance(list(match_files(pattern, "x", Path(__file__).parent)), list)
