"""Whatever is dropped: a manifest or a rejection, never anything else, and never slowly."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Rejected
from shared.manifest.parse import parse_manifest
from tests.manifest.making import ABSENT, BASE, POLICY, parsed, problems_yaml, tree
from tests.manifest.test_fields import GOOD

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
