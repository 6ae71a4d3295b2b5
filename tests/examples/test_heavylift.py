"""The HeavyLift example, run as its image runs it: three environment variables in, one file in a folder out."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "heavylift"
LIFTS = 6


def make_inputs(folder: Path) -> Path:
    command = [sys.executable, str(EXAMPLE / "make_inputs.py"), "-o", str(folder), "--lifts", str(LIFTS)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("heavylift"))


def lift(config: Path, inputs: Path, results: Path) -> subprocess.CompletedProcess[str]:
    """Run the image's entry point for one config; the folder variable has its closing slash."""
    environment = os.environ | {
        "CONFIG_PATH": str(config),
        "DB_PATH": str(inputs / "database" / "HeavyLiftSQLite.zip"),
        "OUTPUT_PATH": f"{results}/",
    }
    command = [sys.executable, str(EXAMPLE / "wrapper.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_one_result_for_each_config(inputs: Path, tmp_path: Path) -> None:
    """Each config gives one result file, named after it, so that no two tasks write the same name."""
    for number in range(1, LIFTS + 1):
        done = lift(inputs / "config" / f"Config_file{number}.json", inputs, tmp_path)
        assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"Result_file{n}.json" for n in range(1, LIFTS + 1)]


def test_result_uses_the_load_chart(inputs: Path, tmp_path: Path) -> None:
    """A capacity between two rows of the chart lies on the line between them, and the use of it follows."""
    done = lift(inputs / "config" / "Config_file1.json", inputs, tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "Result_file1.json").read_text())
    first = report["steps"][0]
    at_12, at_14 = 1200 * 10 / 12, 1200 * 10 / 14
    assert report["crane"] == "LC-1200"
    assert first["capacity"] == pytest.approx(at_12 + (at_14 - at_12) * 0.25, abs=0.01)
    assert first["utilisation"] == pytest.approx(report["weight"] / first["capacity"], abs=1e-4)
    assert report["worst"]["utilisation"] == max(step["utilisation"] for step in report["steps"])
    assert 0 < report["overloads"] < report["trials"]


def test_same_lift_gives_same_bytes(inputs: Path, tmp_path: Path) -> None:
    """A task that runs again writes the same result."""
    digests = set()
    for attempt in ("first", "second"):
        (tmp_path / attempt).mkdir()
        lift(inputs / "config" / "Config_file2.json", inputs, tmp_path / attempt)
        digests.add(hashlib.sha256((tmp_path / attempt / "Result_file2.json").read_bytes()).hexdigest())
    assert len(digests) == 1


def test_unknown_crane_fails_by_name(inputs: Path, tmp_path: Path) -> None:
    """A lift for a crane that the database does not know fails, says which, and leaves no result."""
    config = json.loads((inputs / "config" / "Config_file1.json").read_text()) | {"crane": "LC-9"}
    (tmp_path / "Config_odd.json").write_text(json.dumps(config))
    done = lift(tmp_path / "Config_odd.json", inputs, tmp_path)
    assert done.returncode == 1
    assert "no crane 'LC-9'" in done.stderr
    assert not (tmp_path / "Result_odd.json").exists()


def test_missing_variables_are_named() -> None:
    """Without its variables the image says which ones it lacks."""
    bare = {name: value for name, value in os.environ.items() if not name.endswith("_PATH")}
    command = [sys.executable, str(EXAMPLE / "wrapper.py")]
    done = subprocess.run(command, env=bare, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "CONFIG_PATH, DB_PATH, OUTPUT_PATH" in done.stderr


def test_inputs_are_made_the_same_again(inputs: Path, tmp_path: Path) -> None:
    """The generator always gives the same configs and the same archive."""
    again = make_inputs(tmp_path / "again")
    made = sorted(path.relative_to(inputs) for path in inputs.rglob("*") if path.is_file())
    assert len(made) == LIFTS + 1
    for name in made:
        assert (inputs / name).read_bytes() == (again / name).read_bytes()
