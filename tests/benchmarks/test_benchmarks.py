"""The benchmarks, at a tiny scale: they run, and say the same in table and JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchmarks import merge, split, submit
from benchmarks.alone import CHECKOUT
from benchmarks.ground import Place, services
from benchmarks.options import Options
from benchmarks.report import Report, shown
from benchmarks.run import Benchmark

pytestmark = pytest.mark.stack
OPTIONS = Options(scale=0.001, runs=1, folder=None)
HERE = {each.name: each for each in (split.BENCHMARK, submit.BENCHMARK, merge.BENCHMARK)}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each one prints. One as its users run it; the others on services that they share, to save time."""
    base = tmp_path_factory.mktemp("benchmarks")
    argv = [sys.executable, "-m", "benchmarks.poll", "--scale", "0.001", "--runs", "1", "--folder", str(base)]
    with services(base / "services") as place, ThreadPoolExecutor(3) as pool:
        printed = {name: pool.submit(print_of, each, base / name, place) for name, each in HERE.items()}
        done = subprocess.run(argv, cwd=CHECKOUT, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
        found = {"poll": done.stdout, **{name: each.result() for name, each in printed.items()}}
    assert not list(base.glob("batchdrop-bench-*"))
    return found


def print_of(benchmark: Benchmark, folder: Path, place: Place) -> str:
    folder.mkdir()
    report = Report(benchmark.name, OPTIONS)
    benchmark.measure(report, folder, place)
    return report.text()


def told(outputs: dict[str, str], name: str) -> dict[str, Any]:
    """The last line."""
    return dict(json.loads(outputs[name].splitlines()[-1]))


def figures(outputs: dict[str, str], name: str) -> dict[str, float]:
    return dict(told(outputs, name)["figures"])


def unreached(outputs: dict[str, str], name: str) -> list[str]:
    return [floor["wanted"] for floor in told(outputs, name)["floors"] if not floor["reached"]]


@pytest.mark.parametrize("name", [*HERE, "poll"])
def test_last_line_is_the_table(outputs: dict[str, str], name: str) -> None:
    """Every figure of the table is in the JSON object under its name, with its unit, and every floor is told."""
    document = told(outputs, name)
    lines = outputs[name].splitlines()
    assert document["benchmark"] == name
    for figure, value in document["figures"].items():
        wanted = [figure, shown(value), *document["units"][figure].split()]
        assert any(" ".join(line.split()) == " ".join(wanted) for line in lines), figure
    for floor in document["floors"]:
        word = "reached" if floor["reached"] else "not reached"
        assert any(f"floor: {word}: {floor['wanted']}: {floor['measured']}" in line for line in lines)


def test_cutting_moves_no_bytes_and_streaming_all(outputs: dict[str, str]) -> None:
    """What storage cuts is not written by the controller; what it streams is, byte for byte."""
    found = figures(outputs, "split")
    assert found["cutting.bytes written"] == 0
    assert found["streaming.bytes written"] == found["input.size"]
    assert found["cutting.tasks"] == found["streaming.tasks"] == found["input.tasks"]


def test_submission_costs_a_request_for_a_hundred(outputs: dict[str, str]) -> None:
    """Tasks are added a hundred a request, with few others, in one pass as over several."""
    found = figures(outputs, "submit")
    assert found["submission.requests that add"] == found["submission.tasks"] / 100
    assert found["passes.requests that add"] == found["passes.tasks"] / 100
    assert found["submission.other requests to Batch"] <= 20


def test_poll_costs_the_same_for_few_and_many(outputs: dict[str, str]) -> None:
    """A job of twenty times as many tasks is looked at by the same requests."""
    assert not [floor for floor in unreached(outputs, "poll") if "same number" in floor]


def test_composing_moves_no_bytes(outputs: dict[str, str]) -> None:
    """What storage puts together is neither read nor written by the controller, and is what cat makes of the files."""
    found = figures(outputs, "merge")
    assert found["composing.bytes read"] == found["composing.bytes written"] == 0
    assert found["streaming.bytes read"] == found["streaming.bytes written"] == found["outputs"] * 50 * 1024
    assert found["composing.storage requests"] < found["outputs"] + 20
