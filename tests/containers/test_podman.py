"""Podman on this machine: whether it can be had, and what is said where it cannot."""

import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from local import podman
from local.base_image import write_base_image
from local.podman import NoPodman, own_podman
from tests.batch_emulator.node import write_script

SCRIPT = Path(podman.__file__).with_name("podman.sh")


def install(folder: Path, *, user: int = 0, system: str = "Linux", apt: str | None = "exit 0") -> tuple[str, list[str]]:
    """Run the script on a machine that is made up; give what it says, and the calls of apt-get."""
    calls = folder / "calls"
    calls.touch()
    write_script(folder / "bin/id", f"echo {user}\n")
    write_script(folder / "bin/uname", f"echo {system}\n")
    for name in ("env", "timeout"):
        (folder / "bin" / name).symlink_to(f"/usr/bin/{name}")
    if apt is not None:
        write_script(folder / "bin/apt-get", f'echo "$*" >> {calls}\n{apt}\n')
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT)],
        env={"PATH": str(folder / "bin")},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.strip(), calls.read_text().splitlines()


def test_podman_is_installed_without_what_it_only_recommends(tmp_path: Path) -> None:
    """Fetched first, which may be cut short, then installed."""
    said, calls = install(tmp_path)
    assert said == "podman installed"
    assert [call.split()[2] for call in calls] == ["update", "install", "install"]
    assert all("--no-install-recommends" in call for call in calls)
    assert ["--download-only" in call for call in calls] == [False, True, False]


@pytest.mark.parametrize(
    ("machine", "why"),
    [
        ({"user": 1000}, "this user is not root"),
        ({"system": "Darwin"}, "this is not Linux"),
        ({"apt": None}, "there is no apt-get"),
        ({"apt": "exit 100"}, "its packages cannot be fetched"),
        ({"apt": 'case "$*" in *download*|*update*) ;; *) exit 100;; esac'}, "its packages cannot be installed"),
    ],
)
def test_a_machine_that_cannot_have_it_is_told_why(tmp_path: Path, machine: dict[str, object], why: str) -> None:
    """One line, and no failure."""
    assert install(tmp_path, **machine)[0] == f"no containers: podman is not installed and {why}"  # type: ignore[arg-type]


def test_without_podman_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is made."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoPodman, match="it is not installed"), own_podman(tmp_path / "store"):
        raise AssertionError("there is no podman")
    assert not (tmp_path / "store").exists()


def test_a_podman_that_cannot_run_anything_is_no_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both kinds of store were tried; what was said is told once for each; nothing is left."""
    write_script(tmp_path / "bin/podman", 'test "$1" != run && exit 0\necho "Error: no cgroups here" >&2\nexit 126\n')
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(NoPodman) as refused, own_podman(tmp_path / "store"):
        raise AssertionError("it runs nothing")
    text = str(refused.value)
    if "not root" not in text:
        assert text.count("Error: no cgroups here") == 2
        assert "overlay" in text
        assert "vfs" in text
    assert not (tmp_path / "store").exists()


def test_a_podman_that_cannot_build_is_no_podman(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers alone do not do: the examples' images must be built."""
    stub = 'case "$1" in run) echo works;; build) echo "Error: no builds here" >&2; exit 125;; esac\n'
    write_script(tmp_path / "bin/podman", stub)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(NoPodman, match=r"no builds here|not root"), own_podman(tmp_path / "store"):
        raise AssertionError("it builds nothing")


def test_the_base_image_is_this_machines_python(tmp_path: Path) -> None:
    """The interpreter, its standard library and its libraries are in it; packages and tests are not."""
    write_base_image(tmp_path / "base.tar")
    with tarfile.open(tmp_path / "base.tar") as archive:
        names = set(archive.getnames())
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    inside = {name.partition(f"{version}/")[2] for name in names}
    assert {"usr/local/bin/python3", "usr/local/bin/python", "usr/bin/sh", "usr/bin/env", "bin", "tmp"} <= names
    assert {"os.py", "json/__init__.py"} <= inside
    assert not any(name.startswith(("site-packages", "dist-packages", "test/")) for name in inside)
    assert any(Path(name).name.startswith("libc.") for name in names)
