"""The runners that give a command a root folder of its own: by namespaces alone, or through bubblewrap."""

import os
from pathlib import Path

from local.batch_emulator.execution import Launch
from local.batch_emulator.runner.composition import Abilities, compose
from local.batch_emulator.runner.images import Image, ImageFile
from local.batch_emulator.runner.layout import REAL_NODE_ROOT
from local.batch_emulator.runner.plan import Plan
from local.batch_emulator.runner.problems import Problem
from local.batch_emulator.supervisor.job import Job, Mount

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class UnshareRunner:
    """Mount and process namespaces of the kernel, without any program in between."""

    def __init__(self, images: ImageFile, overlay: bool) -> None:
        """`overlay` tells whether this user may mount overlays; without, the host's folders are read-only."""
        self.name = "unshare"
        self._images = images
        self._abilities = Abilities(overlay, insert=os.geteuid() == 0)

    def choose(self, image_name: str | None) -> "tuple[UnshareRunner, Image | None]":
        """Give the image of a name. Raises Problem for an unknown one."""
        return self, find_image(self._images, image_name)

    def inside(self, launch: Launch) -> str:
        """Node roots are where real nodes have them."""
        return REAL_NODE_ROOT

    def job(self, plan: Plan, scratch: Path) -> Job:
        """Give what the supervisor is to run."""
        stage = scratch / "stage"
        stage.mkdir(parents=True)
        return Job(
            argv=plan.argv,
            environment=container_environment(plan),
            folder=plan.folder or "/",
            stdout=str(plan.layout.task / "stdout.txt"),
            stderr=str(plan.layout.task / "stderr.txt"),
            mounts=compose(plan, scratch, self._abilities),
            stage=str(stage),
            user=plan_user(plan),
            private_network=plan.options.network == "none",
            private_ipc=plan.options.ipc == "private",
            make_folder=plan.image is not None,
        )


class BubblewrapRunner:
    """The program bwrap, which may be allowed to do what this user is not. The host's folders are read-only."""

    def __init__(self, images: ImageFile, program: str) -> None:
        """`program` is the path of bwrap."""
        self.name = "bwrap"
        self._images = images
        self._program = program

    def choose(self, image_name: str | None) -> "tuple[BubblewrapRunner, Image | None]":
        """Give the image of a name. Raises Problem for an unknown one."""
        return self, find_image(self._images, image_name)

    def inside(self, launch: Launch) -> str:
        """Node roots are where real nodes have them."""
        return REAL_NODE_ROOT

    def job(self, plan: Plan, scratch: Path) -> Job:
        """Give what the supervisor is to run."""
        mounts = compose(plan, scratch, Abilities(overlay=False, insert=False))
        flags = ["--die-with-parent", "--unshare-pid", *_user_flags(plan)]
        flags += ["--unshare-net"] if plan.options.network == "none" else []
        flags += ["--unshare-ipc"] if plan.options.ipc == "private" else []
        steps = [word for mount in mounts for word in _words(mount)]
        return Job(
            argv=(self._program, *flags, *steps, "--chdir", plan.folder or "/", "--", *plan.argv),
            environment=container_environment(plan),
            folder=str(scratch),
            stdout=str(plan.layout.task / "stdout.txt"),
            stderr=str(plan.layout.task / "stderr.txt"),
            refusals=(1,),
            refusal_prefix="bwrap: ",
        )


def find_image(images: ImageFile, name: str | None) -> Image | None:
    """Give the image of a name, None for no name. Raises Problem for an image that is unknown or has no files."""
    if name is None:
        return None
    image = images.find(name)
    if image is None:
        raise images.unknown(name)
    if not image.root.is_dir():
        raise Problem("ContainerInvalidImage", f"The folder {image.root} of image {image.name} does not exist")
    return image


def container_environment(plan: Plan) -> dict[str, str]:
    """Give the whole environment of a command, with what every process may expect to find."""
    own_root = plan.image is not None and plan.image.base == "root"
    path = STANDARD_PATH if own_root else os.environ.get("PATH", STANDARD_PATH)
    home = "/root" if plan.image is not None else str(plan.folder)
    return {"PATH": path, "HOME": home, **plan.environment}


def plan_user(plan: Plan) -> str | None:
    """Give the user a container runs as: the option, else the image's own; None for root."""
    user = plan.options.user or (plan.image.user if plan.image else None)
    return None if user in {None, "", "0", "root", "0:0", "root:root"} else user


def _user_flags(plan: Plan) -> list[str]:
    user = plan_user(plan)
    if user is None:
        return []
    uid, _, gid = user.partition(":")
    if not uid.isdecimal() or not (gid or "0").isdecimal():
        raise Problem("ContainerInvalidSettings", f"The runner bwrap takes the user {user} by numbers only")
    return ["--unshare-user", "--uid", uid, "--gid", gid or "0"]


def _words(mount: Mount) -> list[str]:
    if mount.kind == "bind":
        flag = "--dev-bind" if mount.target == "/dev" else "--ro-bind" if mount.readonly else "--bind"
        return [f"{flag}-try" if mount.optional else flag, mount.sources[0], mount.target]
    if mount.kind == "link":
        return ["--symlink", mount.sources[0], mount.target]
    size = ["--size", mount.option] if mount.kind == "tmpfs" else []
    return [*size, f"--{mount.kind}", mount.target]
