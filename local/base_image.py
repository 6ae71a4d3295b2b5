"""A base image without a registry: this machine's own Python, shell and a few small programs, as a tar archive.

It stands for `python:<version>-slim`: Python is in /usr/local, `python` and `python3` are on the PATH. Packages that
were installed into it stay out, and so do Python's own tests.
"""

import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

PATH = "/usr/local/bin:/usr/bin:/bin"
_PROGRAMS = ("sh", "env", "cat", "cp", "ls", "mkdir", "mv", "rm", "sleep", "test", "true", "false", "uname", "id")
_LEFT_OUT = ("site-packages", "dist-packages", "test", "tests", "idlelib", "tkinter", "ensurepip", "lib2to3")
_LIBRARY = re.compile(r"(/\S+)")
_FILES = {"etc/passwd": "root:x:0:0:root:/root:/bin/sh\n", "etc/group": "root:x:0:\n"}
_FOLDERS = {"tmp": 0o1777, "root": 0o755, "proc": 0o755, "sys": 0o755, "dev": 0o755, "run": 0o755, "var/tmp": 0o1777}


def write_base_image(archive: Path) -> None:
    """Write the root file system to `archive`. Needs `ldd`; programs that this machine lacks are left out."""
    python = Path(sys.executable).resolve()
    programs = {name: Path(found).resolve() for name in _PROGRAMS if (found := shutil.which(name))}
    with tarfile.open(archive, "w") as tar:
        for name, mode in _FOLDERS.items():
            _folder(tar, name, mode)
        for name, text in _FILES.items():
            _file(tar, name, text)
        modules = _add_python(tar, python)
        for name, program in programs.items():
            tar.add(program, f"usr/bin/{name}")
        _link(tar, "bin", "usr/bin")
        for library in _libraries([python, *programs.values(), *modules]):
            tar.add(os.path.realpath(library), library.lstrip("/"))
            if Path(library).name.startswith("libpython"):
                # Some interpreters look for it beside the folder that they are in.
                tar.add(os.path.realpath(library), f"usr/local/lib/{Path(library).name}")


def _add_python(tar: tarfile.TarFile, python: Path) -> list[Path]:
    """Add the interpreter with its standard library; give the modules that are libraries themselves."""
    tar.add(python, f"usr/local/bin/{python.name}")
    for name in {"python", "python3"} - {python.name}:
        _link(tar, f"usr/local/bin/{name}", python.name)
    # Where Python looks for its library: beside the folder that its program is in.
    source = Path(sysconfig.get_path("stdlib"))
    tar.add(source, f"usr/local/{sys.platlibdir}/{source.name}", filter=_kept)
    return sorted((source / "lib-dynload").glob("*.so"))


def _kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = Path(entry.name).name
    optimised = name.endswith((".opt-1.pyc", ".opt-2.pyc"))
    return None if name in _LEFT_OUT or name.startswith("config-") or optimised else entry


def _libraries(programs: Iterable[Path]) -> Iterator[str]:
    words = ["ldd", *map(str, programs)]
    listed = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    # Lines without an indent name the program that was asked for.
    inner = (line for line in listed.splitlines() if line[:1].isspace())
    found = {word for line in inner for word in _LIBRARY.findall(line) if os.path.isfile(word)}
    yield from sorted(found)


def _folder(tar: tarfile.TarFile, name: str, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, mode
    tar.addfile(entry)


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    tar.addfile(entry)


def _file(tar: tarfile.TarFile, name: str, text: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(text)
    tar.addfile(entry, io.BytesIO(text.encode()))
