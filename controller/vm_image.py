"""Which of the VM images that the Batch account supports a pool gets. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.errors import Refused
from shared.ports import ImageSeen

DOCKER = "DockerCompatible"
LAST = timedelta(days=30)
_ARM_IMAGE = re.compile(r"(?i)arm64|aarch64|(?:^|[-_ ])gb[0-9]*(?:$|[-_ ])")
"""What the names of images for Arm processors hold; the service has no word of its own for that."""
_ARM_SIZE = re.compile(r"Standard_[A-Z]+[0-9]+(?:-[0-9]+)?(?:[a-z]*p[a-z]*(?:_.*)?|.*_GB[0-9]+_.*)")
"""In the name of a VM size, `p` behind the number of its cores is an Arm processor; so is what goes with a GB200."""


def pick_image(images: Sequence[ImageSeen], size: str, wanted: str | None, now: datetime) -> ImageSeen:
    """The newest verified image with Docker for the processors of a VM size, Ubuntu first, the plain one before its
    variants; or the one named as `publisher:offer:sku`. None that ends within 30 days.

    Refused (QUOTA_NEVER would be wrong: nothing to wait for) when the service has none.
    """
    fit = [image for image in images if DOCKER in image.capabilities and lasts(image, now)]
    if wanted is not None:
        fit = [image for image in fit if f"{image.publisher}:{image.offer}:{image.sku}" == wanted]
    else:
        fit = [image for image in fit if is_for_arm(image) == has_arm(size)]
    if not fit:
        name = wanted or (f"for {size}" if size else "")
        raise Refused("NODE_UNUSABLE", 0, f"the Batch account offers no supported Docker image {name}".strip())
    return max(fit, key=rank)


def rank(image: ImageSeen) -> tuple[bool, bool, tuple[int, ...], int, str, str]:
    variants = len(re.split("[-_]", image.sku))
    return (image.verified, *agent_key(image.node_agent), -variants, image.offer, image.sku)


def lasts(image: ImageSeen, now: datetime) -> bool:
    return image.ends is None or image.ends > now + LAST


def is_for_arm(image: ImageSeen) -> bool:
    return any(_ARM_IMAGE.search(name) for name in (image.offer, image.sku, image.node_agent))


def has_arm(size: str) -> bool:
    return _ARM_SIZE.fullmatch(size) is not None


def agent_key(node_agent: str) -> tuple[bool, tuple[int, ...]]:
    """Ubuntu before other systems, which mounts and most programs are tried on; then the newer version, by its parts:
    `batch.node.ubuntu 24.04`."""
    system, _, version = node_agent.rpartition(" ")
    return system.endswith("ubuntu"), tuple(int(part) for part in version.split(".") if part.isdigit())
