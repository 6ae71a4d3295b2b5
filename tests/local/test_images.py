"""Images from Dockerfiles: what Docker would copy lies where Docker would put it; all else is refused by line."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from local.batch_emulator.runner.images import ImageFile
from local.dockerfile import UnsupportedDockerfile, expand
from local.images import build_images


def write(folder: Path, dockerfile: str, **files: str) -> Path:
    """A context folder named `app`."""
    context = folder / "app"
    for name, text in {"Dockerfile": dockerfile, **files}.items():
        place = context / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return context / "Dockerfile"


def build(folder: Path, dockerfile: str, **files: str) -> dict[str, Any]:
    """The images of one Dockerfile, by name."""
    made = build_images([write(folder, dockerfile, **files)], folder / "out")
    entries: dict[str, Any] = json.loads(made.read_text())["images"]
    return entries


def files_of(entry: dict[str, Any]) -> dict[str, str]:
    """Path in the image -> content."""
    root = Path(entry["root"])
    return {f"/{each.relative_to(root)}": each.read_text() for each in root.rglob("*") if each.is_file()}


def test_a_whole_dockerfile(tmp_path: Path) -> None:
    """Arguments, environment, working directory, copies, entry point and command all arrive in the entry."""
    dockerfile = """
# image: localhost/words:2
# image: contoso.example/words:2
ARG BASE=python:3.13-slim
FROM ${BASE}
ARG VERSION=2
ENV VERSION=$VERSION \\
    GREETING="hello there"
WORKDIR /srv
WORKDIR app
COPY main.py lib.py ./
COPY data /data
ENTRYPOINT ["python3", "main.py"]
CMD ["--all"]
"""
    entries = build(tmp_path, dockerfile, **{"main.py": "m", "lib.py": "l", "data/a.txt": "a", "data/b/c.txt": "c"})
    assert set(entries) == {"localhost/words:2", "contoso.example/words:2"}
    entry = entries["localhost/words:2"]
    assert files_of(entry) == {
        "/srv/app/main.py": "m",
        "/srv/app/lib.py": "l",
        "/data/a.txt": "a",
        "/data/b/c.txt": "c",
    }
    assert entry["entrypoint"] == ["python3", "main.py"]
    assert entry["cmd"] == ["--all"]
    assert entry["workdir"] == "/srv/app"
    assert entry["env"]["VERSION"] == "2"
    assert entry["env"]["GREETING"] == "hello there"
    assert entry["env"]["PATH"].startswith(str(Path(sys.executable).parent))
    assert (entry["base"], entry["user"]) == ("host", None)


def test_the_emulator_finds_them(tmp_path: Path) -> None:
    """The file is the one that the Batch emulator reads: the image is found by its name, with root and entry point."""
    dockerfile = write(tmp_path, 'FROM x\nCOPY a.txt /\nENTRYPOINT ["run"]\nCMD ["now"]\n', **{"a.txt": "a"})
    image = ImageFile(build_images([dockerfile], tmp_path / "out")).find("localhost/app:1")
    assert image is not None
    assert (image.base, image.entrypoint, image.command) == ("host", ("run",), ("now",))
    assert (image.root / "a.txt").read_text() == "a"


def test_the_name_defaults_to_the_folder(tmp_path: Path) -> None:
    """Without an image line the folder's name is the image's."""
    assert set(build(tmp_path, "FROM x\n")) == {"localhost/app:1"}


def test_copy_targets(tmp_path: Path) -> None:
    """A file goes to a new name, into a folder with a slash, or by pattern; the shell form runs in a shell."""
    dockerfile = "FROM x\nCOPY a.txt /x/b\nCOPY a.txt /y/\nCOPY *.md docs/\nCMD echo $HOME\n"
    entry = build(tmp_path, dockerfile, **{"a.txt": "a", "1.md": "1", "2.md": "2"})["localhost/app:1"]
    assert files_of(entry) == {"/x/b": "a", "/y/a.txt": "a", "/docs/1.md": "1", "/docs/2.md": "2"}
    assert entry["cmd"] == ["/bin/sh", "-c", "echo $HOME"]


def test_a_second_build_forgets_the_first(tmp_path: Path) -> None:
    """A file that is no longer copied is no longer in the image."""
    build(tmp_path, "FROM x\nCOPY a.txt /\n", **{"a.txt": "a"})
    entry = build(tmp_path, "FROM x\nCOPY b.txt /\n", **{"b.txt": "b"})["localhost/app:1"]
    assert files_of(entry) == {"/b.txt": "b"}


@pytest.mark.parametrize(
    ("dockerfile", "words"),
    [
        ("FROM x\n\nRUN apt-get update\n", "app/Dockerfile, line 3: RUN is not supported"),
        ("FROM x\nUSER 1000\n", "line 2: USER is not supported"),
        ("FROM x AS one\n", "line 1: FROM takes one image"),
        ("FROM x\nFROM y\n", "line 2: FROM stands twice"),
        ("COPY a b\n", "line 1: COPY stands before FROM"),
        ("FROM x\nCOPY --chown=1 a /b\n", "line 2: COPY with --chown=1"),
        ("FROM x\nCOPY ../secret /b\n", "line 2: COPY reaches outside"),
        ("FROM x\nCOPY missing.txt /b\n", "line 2: COPY finds no missing.txt"),
        ("FROM x\nCOPY Dockerfile Docker* /b/\nCMD [1]\n", "line 3: CMD holds something"),
        ("FROM x\nCMD [unquoted]\n", "line 2: CMD is no JSON list"),
        ("FROM x\nCMD a \\\n", "line 2: the last line ends in a backslash"),
        ("# nothing\n", "there is no FROM"),
    ],
)
def test_what_cannot_be_done_is_refused_by_line(tmp_path: Path, dockerfile: str, words: str) -> None:
    """Nothing is left out silently: the error names file, line and instruction."""
    with pytest.raises(UnsupportedDockerfile) as refused:
        build(tmp_path, dockerfile)
    assert words in str(refused.value)


def test_two_dockerfiles_may_not_share_a_name(tmp_path: Path) -> None:
    """A name that two images want is an error, not the last one's."""
    one = write(tmp_path / "1", "# image: a:1\nFROM x\n")
    two = write(tmp_path / "2", "# image: a:1\nFROM x\n")
    with pytest.raises(ValueError, match="a:1 is taken"):
        build_images([one, two], tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "expanded"),
    [("$A-${A}", "1-1"), ("${B:-2}", "2"), ("$B.", "."), (r"\$A", "$A"), ("${E:-3}", "3")],
)
def test_variables(text: str, expanded: str) -> None:
    """Variables are replaced as Docker replaces them."""
    assert expand(text, {"A": "1", "E": ""}) == expanded
