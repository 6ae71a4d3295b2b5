"""Whatever is dropped: a manifest or a rejection, never anything else, and never slowly."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Rejected
from shared.manifest.parse import parse_manifest
from tests.manifest.making import ABSENT, BASE, POLICY, parsed, problems_yaml, tree
from tests.manifest.test_fields import GOOD
from tests.manifest.test_workloads import SEARCH, SIMULATION

HEAD = '{"version":1,"container":{"image":"contoso.azurecr.io/a:1"},"compute":{"vmSize":"Standard_D2s_v5"},"input":'
NAMES = st.sampled_from(["a.yaml", "b.json", "", "/", "x/.yml", "é.YAML"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["none", "data/x", "1%", "PT1S", "{jobId}", "$(X)", "1KiB", "results/{jobId}/x", "**", "environment"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
PATHS = st.sampled_from(
    [*sorted({path for changes, _, _ in GOOD for path in changes}), "container", "input", "merge", "split"]
)


def read(raw: bytes, path: str) -> None:
    """Parse, and hold what comes out to its promise."""
    try:
        manifest = parse_manifest(raw, path, POLICY)
    except Rejected as rejected:
        assert rejected.problems  # noqa: PT017 - both ends are good; which one depends on the bytes
        assert all(each.rule and each.message and each.fix for each in rejected.problems)  # noqa: PT017 - as above
        assert all(each.line for each in rejected.problems if each.rule not in ("size", "more"))  # noqa: PT017 - as above
    else:
        assert manifest.model_dump_json()


@given(st.binary(max_size=300), NAMES)
def test_any_bytes_are_a_manifest_or_a_rejection(raw: bytes, path: str) -> None:
    """Noise is rejected with a reason."""
    read(raw, path)


@given(st.text(max_size=300), NAMES)
def test_any_text_is_a_manifest_or_a_rejection(text: str, path: str) -> None:
    """So is any text."""
    read(text.encode("utf-8", "replace"), path)


@given(st.dictionaries(PATHS, VALUES, max_size=4))
def test_any_value_in_any_field_is_taken_or_refused(changes: dict[str, object]) -> None:
    """Every field bears every value: what comes out is a complete manifest or named problems."""
    built = json.loads(json.dumps(BASE))
    for path, value in changes.items():
        *folders, last = path.split(".")
        place = built
        for folder in folders:
            inner = place.get(folder)
            place[folder] = inner if isinstance(inner, dict) else {}
            place = place[folder]
        place[last] = value
    read(json.dumps(built).encode(), "a.json")


@pytest.mark.parametrize(
    ("items", "seconds"),
    [
        (json.dumps([f"data/part-{number:06d}.bin" for number in range(43_000)]), 3),
        (json.dumps([{"id": number, "seed": number * 7} for number in range(34_500)]), 3),
        (f"[{'1,' * 520_000}1]", 10),
    ],
    ids=["texts", "maps", "ones"],
)
@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_full_megabyte_is_read_at_once(items: str, seconds: float, name: str) -> None:
    """A file at the limit does not hold up the drop box, not even one of half a million values."""
    raw = f'{HEAD}{{"items":{items}}}}}'.encode()
    assert 1_000_000 < len(raw) <= 1024 * 1024
    start = time.process_time()
    manifest = parse_manifest(raw, name, POLICY)
    assert time.process_time() - start < seconds
    assert len(manifest.input.items) > 30_000


FLOODS = {
    "unknown fields": "".join(f"field{number}: 1\n" for number in range(20_000)),
    "keys twice": "a: 1\n" * 60_000,
    "infinities": "input: {items: [" + ".inf," * 60_000 + "]}\n",
    "numbers as words": "container: {args: [" + "1," * 100_000 + "]}\n",
    "references": "container: {args: ['" + "$(x) " * 100_000 + "']}\n",
    "open references": "container: {args: ['" + "$(" * 500_000 + "']}\n",
    "open placeholders": "merge: {to: 'results/" + "{" * 1_000_000 + "'}\n",
    "a long glob": "input: {blobs: 'data/**', exclude: ['" + "*a" * 500_000 + "']}\n",
    "a long image": "container: {image: '" + "a-" * 500_000 + "'}\n",
    "a long name": "name: '" + "a-" * 500_000 + "'\n",
}


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_of_mistakes_is_answered_briefly(flood: str) -> None:
    """Thousands of mistakes cost seconds at most, and its answer stays a page."""
    start = time.process_time()
    found = problems_yaml(FLOODS[flood])
    assert time.process_time() - start < 5
    assert 1 <= len(found) <= 101
    assert sum(len(each.message) + len(each.fix) + len(each.path) for each in found) < 60_000


def test_a_sweep_of_a_googol_is_refused_at_once() -> None:
    """Combinations are counted, not made."""
    start = time.process_time()
    sweep = {f"k{number}": list(range(10)) for number in range(100)}
    raw = json.dumps(tree({"input.sweep": sweep})).encode()
    assert [each.rule for each in problems_yaml(raw, "a.json")] == ["range"]
    assert time.process_time() - start < 1


def test_the_machinery_of_these_tests_builds_what_it_says() -> None:
    """ABSENT takes a field out; without changes the base is a good manifest."""
    assert "compute" not in tree({"compute": ABSENT})
    assert parsed({}).container.image == BASE["container"]["image"]


ROOT = Path(__file__).parents[2]
TEXTS = [SEARCH, SIMULATION, *(path.read_text() for path in sorted(ROOT.glob("examples/*/manifest.yaml")))]
TREES = [yaml.safe_load(text) for text in TEXTS]
SPANS = st.tuples(st.integers(0, 2000), st.integers(0, 40))
SNIPPETS = st.sampled_from(
    ["\n", " ", "  ", "- ", ": ", "{", "}", "[", "]", '"', "'", "&a ", "*a", "!!python/object:os.system ", "|\n", "? ",
     "%", "#", "\t", "---\n", "...\n", "\u2028", "\ufeff", "\x85", "\U0001f600", "<<: ", "$(", "../", "%2e%2e/", "\\"]
)  # fmt: skip
EDITS: dict[str, Callable[[str, int, int, str], str]] = {
    "take out": lambda text, at, length, snippet: text[:at] + text[at + length :],
    "double": lambda text, at, length, snippet: text[: at + length] + text[at:],
    "put in": lambda text, at, length, snippet: text[:at] + snippet + text[at:],
    "put for": lambda text, at, length, snippet: text[:at] + snippet + text[at + length :],
}


@given(st.sampled_from(TEXTS), st.lists(st.tuples(st.sampled_from(sorted(EDITS)), SPANS, SNIPPETS), max_size=4))
def test_a_manifest_with_slips_of_the_keyboard_is_taken_or_refused(
    text: str, edits: list[tuple[str, tuple[int, int], str]]
) -> None:
    """A good manifest, cut and pasted at random: a manifest, or problems with their lines."""
    for kind, (at, length), snippet in edits:
        text = EDITS[kind](text, at % (len(text) + 1), length, snippet)
    read(text.encode(), "a.yaml")


def places(node: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [way, *(place for step, each in inner for place in places(each, (*way, step)))]


@given(st.sampled_from(TREES), st.lists(st.tuples(st.integers(0, 10_000), VALUES), min_size=1, max_size=3))
def test_a_manifest_with_a_wrong_value_anywhere_is_taken_or_refused(tree: Any, changes: list[tuple[int, Any]]) -> None:
    """Any value in the place of any other, lists and mappings included."""
    built = {"": copy.deepcopy(tree)}
    for number, value in changes:
        found = places(built[""], ("",))
        *way, last = found[number % len(found)]
        node: Any = built
        for step in way:
            node = node[step]
        node[last] = value
    read(json.dumps(built[""]).encode(), "a.json")


def test_ten_megabytes_are_refused_unread() -> None:
    """Whatever is in them, bombs included, and whatever they are named."""
    for filler in (b"a: &a [1]\n" + b"- *a\n" * 2_000_000, b"[" * 10_000_000, b"\xff" * 10_000_000):
        start = time.process_time()
        assert [each.rule for each in problems_yaml(filler)] == ["size"]
        assert [each.rule for each in problems_yaml(filler, "a.json")] == ["size"]
        assert time.process_time() - start < 0.5


BOUNDED = """
import resource, sys
from tests.manifest.making import problems_yaml
from tests.manifest.test_any_bytes import FLOODS, HEAD
problems_yaml("version: 1")
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 300 * 2**20,) * 2)
towers = ["a: " + "[" * 1_000_000, "a: " + "- " * 500_000]
files = [*FLOODS.values(), *towers, HEAD + '{"items":[' + "1," * 500_000 + "1]}}"]
for text in files:
    for name in ("a.yaml", "a.json"):
        problems_yaml(text[:2**20], name)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the bound is set by Linux")
def test_a_megabyte_takes_bounded_memory() -> None:
    """No megabyte that anybody drops takes more than 300 MiB to refuse, or to read."""
    subprocess.run([sys.executable, "-c", BOUNDED], cwd=ROOT, check=True, timeout=120)
