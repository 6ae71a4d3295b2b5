"""Globs: what they match, that a glob covers another, and that none of them is slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.globs import covers, fixed_folder, fixed_prefix, matches

PATTERNS = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "**/", "/**/"]), max_size=8).map("".join)
PATHS = st.text(alphabet="ab/", max_size=10)


def naive(pattern: str, path: str) -> bool:
    """The definition, word for word: exponential, and obviously right."""
    if not pattern:
        return not path
    if not pattern.startswith("*"):
        return path[:1] == pattern[0] and naive(pattern[1:], path[1:])
    stars = len(pattern) - len(pattern.lstrip("*"))
    rest = pattern[stars:]
    limit = len(path) if stars > 1 or "/" not in path else path.index("/")
    return any(naive(rest, path[end:]) for end in range(limit + 1))


def reference(pattern: str, path: str) -> bool:
    """`naive` with `**/` at the start of a segment also standing for nothing: every choice is tried."""
    stars = next((at for at in range(len(pattern)) if _is_folders(pattern, at)), None)
    if stars is None:
        return naive(pattern, path)
    end = stars + len(pattern[stars:]) - len(pattern[stars:].lstrip("*")) + 1
    head, tail = pattern[:stars], pattern[end:]
    return any(
        naive(head, path[:start]) and reference(f"/{tail}", "/" + path[stop:])
        for start in range(len(path) + 1)
        for stop in range(start, len(path) + 1)
        if stop == start or path[stop - 1] == "/"
    )


def _is_folders(pattern: str, at: int) -> bool:
    if pattern[at] != "*" or (at > 0 and pattern[at - 1] != "/"):
        return False
    rest = pattern[at:].lstrip("*")
    return len(pattern) - at - len(rest) > 1 and rest.startswith("/")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("data/*.txt", "data/a.txt", True),
        ("data/*.txt", "data/b/a.txt", False),
        ("data/**", "data/b/a.txt", True),
        ("data/**", "data/", True),
        ("data/**", "database/x", False),
        ("data/**/*.mp4", "data/x.mp4", True),
        ("data/**/*.mp4", "data/a/b/x.mp4", True),
        ("**/*.gif", "data/x.gif", True),
        ("**/*.gif", "x.gif", True),
        ("**/x", "ax", False),
        ("a**/b", "ab", False),
        ("a**/b", "a/b", True),
        ("Data/*", "data/x", False),
        ("data/file?", "data/file1", False),
        ("data/[ab]", "data/a", False),
        ("data/*", "data/.hidden", True),
        ("", "", True),
        ("*", "", True),
    ],
)
def test_what_a_glob_matches(pattern: str, path: str, expected: bool) -> None:
    """`*` stops at a slash, `**` does not, `**/` may be nothing, everything else is itself."""
    assert matches(pattern, path) is expected


@given(PATTERNS, PATHS)
@example("/**/", "//")
@example("**/**/a", "a")
def test_matching_is_the_definition(pattern: str, path: str) -> None:
    """The fast matcher and the definition agree on everything."""
    assert matches(pattern, path) == reference(pattern, path)


@given(PATTERNS, PATTERNS, PATHS)
def test_what_covers_matches_at_least_as_much(wide: str, narrow: str, path: str) -> None:
    """If a policy's glob covers a manifest's, no path slips through."""
    if covers(wide, narrow) and matches(narrow, path):
        assert matches(wide, path)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("data/**", "data/photos/**", True),
        ("data/**", "data/**/*.png", True),
        ("data/**", "data/*", True),
        ("data/*", "data/**", False),
        ("data/*/x", "data/**/x", False),
        ("data/**/x", "data/*/x", True),
        ("data/**/x", "data/**/y/**/x", True),
        ("data/photos/**", "data/**", False),
        ("data/*.png", "data/a*.png", True),
        ("data/a*.png", "data/*.png", False),
        ("**", "anything/**", True),
        ("data/a", "data/a", True),
    ],
)
def test_which_glob_covers_which(wide: str, narrow: str, expected: bool) -> None:
    """A glob is allowed only where all that it could match is."""
    assert covers(wide, narrow) is expected


def test_no_pattern_is_slow() -> None:
    """The patterns that make regular expressions run for years take a moment here."""
    start = time.perf_counter()
    assert not matches("*a" * 200 + "b", "a" * 1000)
    assert not matches("**/a" * 200 + "b", "a/" * 500)
    assert time.perf_counter() - start < 2


def test_the_fixed_part_of_a_glob() -> None:
    """A listing begins at what all matches share; `{path}` counts from its last folder."""
    assert fixed_prefix("data/photos/img_*.png") == "data/photos/img_"
    assert fixed_folder("data/photos/img_*.png") == "data/photos/"
    assert fixed_folder("data/photos/**") == "data/photos/"
    assert fixed_folder("data/x.txt") == "data/"
