"""Images for the Batch emulator, made from Dockerfiles without a container engine.

An image here is a folder with the copied files, laid over the files of this machine ("base": "host"): what its FROM
names is not downloaded. `python -m local.images --out .batchdrop examples/*/Dockerfile` writes `images.json`.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from local.dockerfile import Copy, Image, read_dockerfile

# The base image's own PATH, as an image would have it; this Python first, for images that start `python`.
_PATH = os.pathsep.join(
    [
        str(Path(sys.executable).parent),
        *(f"{top}/{kind}" for top in ("/usr/local", "/usr", "") for kind in ("bin", "sbin")),
    ]
)


def build_images(dockerfiles: Iterable[Path], folder: Path) -> Path:
    """Make every image under `folder/images`; `folder/images.json` maps, under "images", each name to its entry.

    Raises UnsupportedDockerfile, and ValueError where two Dockerfiles want one name.
    """
    entries: dict[str, dict[str, Any]] = {}
    for path in dockerfiles:
        image = read_dockerfile(path)
        entry = _build(path, image, folder / "images" / path.parent.name / "root")
        for name in image.names:
            if name in entries:
                raise ValueError(f"{path}: the image name {name} is taken by another Dockerfile")
            entries[name] = entry
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / "images.json"
    made.write_text(json.dumps({"images": entries}, indent=2) + "\n")
    return made


def _build(path: Path, image: Image, root: Path) -> dict[str, Any]:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for place in image.folders:
        _under(root, place).mkdir(parents=True, exist_ok=True)
    for copy in image.copies:
        _copy(copy, path.parent, root)
    return {
        "root": str(root),
        "entrypoint": image.entrypoint,
        "cmd": image.command,
        "env": {"PATH": _PATH, **image.environment},
        "workdir": image.workdir,
        "user": None,
        "base": "host",
    }


def _copy(copy: Copy, context: Path, root: Path) -> None:
    target = _under(root, copy.target)
    into = copy.target.endswith("/")
    for source in _sources(copy, context):
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            continue
        place = target / source.name if into else target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, place)


def _sources(copy: Copy, context: Path) -> list[Path]:
    found: list[Path] = []
    for pattern in copy.sources:
        relative = pattern.lstrip("/") or "."
        if ".." in Path(relative).parts:
            raise copy.instruction.refuse(f"reaches outside of its folder: {pattern}")
        matches = [context] if relative in (".", "./") else sorted(context.glob(relative))
        if not matches:
            raise copy.instruction.refuse(f"finds no {pattern}")
        found += matches
    if len(found) > 1 and not copy.target.endswith("/"):
        raise copy.instruction.refuse(f"copies several files: the target {copy.target} must end in a slash")
    return found


def _under(root: Path, place: str) -> Path:
    return root / place.strip("/")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.images", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(".batchdrop"), help="default: .batchdrop")
    parser.add_argument("dockerfiles", type=Path, nargs="+")
    options = parser.parse_args()
    print(f"images ready: {build_images(options.dockerfiles, options.out.resolve())}")


if __name__ == "__main__":
    main()
