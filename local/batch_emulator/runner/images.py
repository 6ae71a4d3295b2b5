"""The images a node can run without a registry: a JSON file that says which folder stands for which name."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from local.batch_emulator.runner.problems import Problem

_FIELDS = frozenset({"root", "entrypoint", "cmd", "env", "workdir", "user", "base"})


@dataclass(frozen=True)
class Image:
    """An image by its files.

    `base` is "host" where `root` is laid over the host's own file system, "root" where it is a complete one.
    """

    name: str
    root: Path
    base: Literal["host", "root"]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str | None = None


class ImageFile:
    """The images of a file, read again whenever it changes. Without a file there are none."""

    def __init__(self, path: Path | None) -> None:
        """`path` may name a file that is written later."""
        self._path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int] | None = None
        self._images: dict[str, Image] = {}

    def find(self, name: str) -> Image | None:
        """Give the image of a name; one without a tag means `:latest`. Raises Problem for a file that is not valid."""
        return self._read().get(tagged(name))

    def unknown(self, name: str) -> Problem:
        """Give the problem for a name that is nowhere."""
        place = f'add it under "images" in {self._path}' if self._path else "start the emulator with --images FILE"
        return Problem(
            "ContainerInvalidImage", f"The image {tagged(name)} cannot be pulled: {place}", Image=tagged(name)
        )

    def _read(self) -> dict[str, Image]:
        if self._path is None:
            return {}
        with self._lock:
            try:
                state = self._path.stat()
            except FileNotFoundError:
                return {}
            stamp = (state.st_mtime_ns, state.st_size)
            if stamp != self._stamp:
                self._images = _parse(self._path)
                self._stamp = stamp
            return self._images


def tagged(name: str) -> str:
    """Give an image name with its tag or digest."""
    return name if ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def _parse(path: Path) -> dict[str, Image]:
    try:
        given = json.loads(path.read_text(encoding="utf-8"))["images"]
        return {tagged(name): _image(tagged(name), entry, path.parent) for name, entry in given.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem("ContainerInvalidImage", f"The image file {path} is not valid: {error!r}") from error


def _image(name: str, entry: Mapping[str, Any], folder: Path) -> Image:
    unknown = set(entry) - _FIELDS
    if unknown:
        raise ValueError(f"{name} has unknown fields {sorted(unknown)}")
    base = entry.get("base", "root")
    if base not in {"host", "root"}:
        raise ValueError(f"{name} has base {base!r}; host and root are known")
    return Image(
        name=name,
        root=(folder / entry["root"]).resolve(),
        base=base,
        entrypoint=tuple(entry.get("entrypoint") or ()),
        command=tuple(entry.get("cmd") or ()),
        environment=dict(entry.get("env") or {}),
        folder=entry.get("workdir") or "/",
        user=entry.get("user"),
    )
