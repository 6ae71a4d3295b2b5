"""The part of the Dockerfile language that can be carried out without running anything.

FROM, ARG, ENV, WORKDIR, COPY, ENTRYPOINT and CMD are understood; every other instruction, and every option or form
that would mean something else than what is done here, is refused with its name and line.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

_VARIABLE = re.compile(r"\\\$|\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_NAMED = re.compile(r"#\s*image:\s*(\S+)\s*")


class UnsupportedDockerfile(Exception):
    """The file, the line and the instruction that cannot be carried out here."""


@dataclass(frozen=True)
class Instruction:
    """One instruction, continuation lines joined; `line` is where it begins."""

    word: str
    text: str
    where: str

    def refuse(self, why: str) -> UnsupportedDockerfile:
        """The error for this instruction, to be raised."""
        return UnsupportedDockerfile(f"{self.where}: {self.word} {why}")


@dataclass(frozen=True)
class Copy:
    """Copy `sources` (relative to the context) to `target` (absolute; a folder when it ends in a slash)."""

    sources: tuple[str, ...]
    target: str
    instruction: Instruction


@dataclass
class Image:
    """What a Dockerfile says."""

    names: list[str] = field(default_factory=list)
    base: str = ""
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


def read_dockerfile(path: Path) -> Image:
    """The image that a Dockerfile describes. Raises UnsupportedDockerfile."""
    reader = _Reader()
    lines = path.read_text(encoding="utf-8").splitlines()
    reader.image.names = image_names(path)
    for instruction in _instructions(lines, f"{path.parent.name}/{path.name}"):
        reader.take(instruction)
    if not reader.image.base:
        raise UnsupportedDockerfile(f"{path.parent.name}/{path.name}: there is no FROM")
    return reader.image


def image_names(path: Path) -> list[str]:
    """The names that comments `# image: name:tag` give the image; without any, `localhost/<its folder>:1`."""
    lines = path.read_text(encoding="utf-8").splitlines()
    given = [found.group(1) for line in lines if (found := _NAMED.fullmatch(line.strip()))]
    return given or [f"localhost/{path.parent.name}:1"]


class _Reader:
    """Carries out one instruction after the other."""

    def __init__(self) -> None:
        self.image = Image()
        self._arguments: dict[str, str] = {}
        self._words = {
            "ARG": self._arg,
            "FROM": self._from,
            "ENV": self._env,
            "WORKDIR": self._workdir,
            "COPY": self._copy,
            "ENTRYPOINT": self._entrypoint,
            "CMD": self._cmd,
        }

    def take(self, instruction: Instruction) -> None:
        """The next instruction."""
        act = self._words.get(instruction.word)
        if act is None:
            raise instruction.refuse(f"is not supported locally (supported: {', '.join(self._words)})")
        if not self.image.base and instruction.word not in ("ARG", "FROM"):
            raise instruction.refuse("stands before FROM")
        act(instruction)

    def _from(self, instruction: Instruction) -> None:
        if self.image.base:
            raise instruction.refuse("stands twice: several stages are not supported locally")
        words = self._expand(instruction.text).split()
        if len(words) != 1:
            raise instruction.refuse("takes one image here, no option and no AS")
        self.image.base = words[0]

    def _arg(self, instruction: Instruction) -> None:
        for word in shlex.split(instruction.text):
            name, given, value = word.partition("=")
            if given:
                self._arguments[name] = self._expand(value)

    def _env(self, instruction: Instruction) -> None:
        pairs = shlex.split(self._expand(instruction.text))
        if pairs and "=" not in pairs[0]:
            name, _, value = instruction.text.partition(" ")
            self.image.environment[name] = self._expand(value.strip())
            return
        for pair in pairs:
            name, given, value = pair.partition("=")
            if not given:
                raise instruction.refuse(f"has {pair!r} without a value")
            self.image.environment[name] = value

    def _workdir(self, instruction: Instruction) -> None:
        self.image.workdir = self._inside(self._expand(instruction.text.strip()))
        self.image.folders.append(self.image.workdir)

    def _copy(self, instruction: Instruction) -> None:
        words = _exec_form(instruction) or shlex.split(instruction.text)
        option = next((word for word in words if word.startswith(("--", "<<"))), None)
        if option:
            raise instruction.refuse(f"with {option} is not supported locally")
        if len(words) < 2:
            raise instruction.refuse("needs a source and a target")
        *sources, target = [self._expand(word) for word in words]
        folder = target.endswith(("/", "/.", "/..")) or target in (".", "..") or len(sources) > 1
        place = self._inside(target)
        self.image.copies.append(Copy(tuple(sources), place + "/" if folder else place, instruction))

    def _entrypoint(self, instruction: Instruction) -> None:
        self.image.entrypoint = _command(instruction)
        # As Docker does: a new entry point voids the arguments meant for the old one.
        self.image.command = []

    def _cmd(self, instruction: Instruction) -> None:
        self.image.command = _command(instruction)

    def _inside(self, path: str) -> str:
        return _normal(PurePosixPath(self.image.workdir) / path)

    def _expand(self, text: str) -> str:
        return expand(text, {**self._arguments, **self.image.environment})


def expand(text: str, values: Mapping[str, str]) -> str:
    r"""Replace `$NAME`, `${NAME}` and `${NAME:-default}`; an unknown name is empty; `\$` is a dollar sign."""

    def value(found: re.Match[str]) -> str:
        if found.group(0) == r"\$":
            return "$"
        return values.get(found.group(1) or found.group(2)) or found.group(3) or ""

    return _VARIABLE.sub(value, text)


def _instructions(lines: list[str], name: str) -> Iterator[Instruction]:
    parts: list[str] = []
    first = 0
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        first = first if parts else number
        parts.append(text.removesuffix("\\").strip())
        if not text.endswith("\\"):
            word, _, rest = " ".join(parts).partition(" ")
            parts = []
            yield Instruction(word.upper(), rest.strip(), f"{name}, line {first}")
    if parts:
        raise UnsupportedDockerfile(f"{name}, line {first}: the last line ends in a backslash")


def _command(instruction: Instruction) -> list[str]:
    """The exec form as it is, the shell form as Docker runs it."""
    return _exec_form(instruction) or ["/bin/sh", "-c", instruction.text]


def _exec_form(instruction: Instruction) -> list[str] | None:
    if not instruction.text.startswith("["):
        return None
    try:
        words = json.loads(instruction.text)
    except ValueError as error:
        raise instruction.refuse(f"is no JSON list: {error}") from error
    if not all(isinstance(word, str) for word in words):
        raise instruction.refuse("holds something that is no string")
    return list(words)


def _normal(path: PurePosixPath) -> str:
    kept: list[str] = []
    for part in path.parts[1:]:
        if part == "..":
            del kept[-1:]
        else:
            kept.append(part)
    return "/" + "/".join(kept)
