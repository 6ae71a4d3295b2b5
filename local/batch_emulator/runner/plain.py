"""The runner that isolates nothing: container paths in arguments and environment become host paths."""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from local.batch_emulator.execution import Launch
from local.batch_emulator.runner.images import Image, ImageFile
from local.batch_emulator.runner.isolated import container_environment, find_image, plan_user
from local.batch_emulator.runner.plan import Plan
from local.batch_emulator.runner.problems import Problem
from local.batch_emulator.supervisor.job import Job

_BEFORE = r"(?<![\w./-])"
_NAME = r"\w.@%+\-"
_PATH = re.compile(_BEFORE + f"/[{_NAME}/]*[\\w@%+-]")


class ProcessRunner:
    """Ordinary processes of this machine. Works everywhere, and shows commands everything."""

    def __init__(self, images: ImageFile) -> None:
        """`images` must be laid over the host; a complete root cannot be entered."""
        self.name = "process"
        self._images = images

    def choose(self, image_name: str | None) -> "tuple[ProcessRunner, Image | None]":
        """Give the image of a name. Raises Problem for one that is unknown or has a root of its own."""
        image = find_image(self._images, image_name)
        if image is not None and image.base == "root":
            raise Problem("ContainerInvalidImage", f"The runner process cannot enter the root of image {image.name}")
        return self, image

    def inside(self, launch: Launch) -> str:
        """Commands see the node root under its host path."""
        return str(launch.node_root)

    def job(self, plan: Plan, scratch: Path) -> Job:
        """Give what the supervisor is to run. Raises Problem for isolation that cannot be given."""
        if plan.options.network == "none":
            raise Problem("ContainerInvalidSettings", "The runner process cannot give --network none")
        rewrite = _rewriter(plan)
        environment = {name: rewrite(value) for name, value in container_environment(plan).items()}
        if plan.image is not None:
            environment["PATH"] = _with_image_programs(plan.image, container_environment(plan)["PATH"])
            environment["HOME"] = str(plan.layout.working)
        return Job(
            argv=tuple(map(rewrite, plan.argv)),
            environment=environment,
            folder=_folder(plan, rewrite),
            stdout=str(plan.layout.task / "stdout.txt"),
            stderr=str(plan.layout.task / "stderr.txt"),
            user=plan_user(plan),
        )


def _rewriter(plan: Plan) -> Callable[[str], str]:
    """Give the function that turns container paths inside a text into host paths: bound ones, then the image's own."""
    binds = {bind.target.rstrip("/"): str(bind.source) for bind in plan.binds if bind.target != str(bind.source)}
    bound = re.compile(_BEFORE + f"({_longest_first(binds)})(/[{_NAME}/]*)?(?![{_NAME}])") if binds else None

    def rewrite(text: str) -> str:
        # One pass over the text, so that what was put in is never taken for a container path again.
        pieces, position = [], 0
        for found in bound.finditer(text) if bound else ():
            pieces += [_image_paths(plan.image, text[position : found.start()]), binds[found[1]] + (found[2] or "")]
            position = found.end()
        return "".join([*pieces, _image_paths(plan.image, text[position:])])

    return rewrite


def _longest_first(targets: Iterable[str]) -> str:
    return "|".join(re.escape(target) for target in sorted(targets, key=len, reverse=True))


def _image_paths(image: Image | None, text: str) -> str:
    if image is None:
        return text
    return _PATH.sub(lambda found: _image_path(image, found[0]), text)


def _image_path(image: Image, path: str) -> str:
    inside = image.root / path.lstrip("/")
    ours = inside.is_file() or (inside.is_dir() and not Path(path).exists())
    return str(inside) if ours else path


def _with_image_programs(image: Image, path: str) -> str:
    places = path.split(os.pathsep)
    own = [str(image.root / place.lstrip("/")) for place in places if (image.root / place.lstrip("/")).is_dir()]
    return os.pathsep.join([*own, *places])


def _folder(plan: Plan, rewrite: Callable[[str], str]) -> str:
    wanted = rewrite(plan.folder or "/")
    return wanted if Path(wanted).is_dir() else str(plan.layout.working)
