"""A warning for a job whose machines Azure is about to take away. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from shared.codes import Warn
from shared.manifest.models import Manifest
from shared.ports import ImageSeen
from shared.record import Warned
from shared.retirement import image_ends, is_near, size_ending, worded


def with_retiring(
    warnings: tuple[Warned, ...], manifest: Manifest, image: ImageSeen, now: datetime
) -> tuple[Warned, ...]:
    """The warnings, and RETIRING where a VM size or the image of this job ends within 180 days. Once a job."""
    if any(each.code == Warn.RETIRING for each in warnings):
        return warnings
    named = manifest.compute.os_image is not None
    found = " ".join([*near_sizes(manifest, now.date()), *near_image(image, named, now.date())])
    return (*warnings, Warned(code=Warn.RETIRING, message=found)) if found else warnings


def near_sizes(manifest: Manifest, today: date) -> Iterator[str]:
    sides = (manifest.split.container, manifest.merge.container)
    stated = [manifest.compute.vm_size, *(side.vm_size for side in sides if side)]
    for vm_size in dict.fromkeys(size for size in stated if size):
        row = size_ending(vm_size)
        if row is not None and is_near(row.ends, today):
            yield f"{vm_size}: the {row.what} {worded(row.ends, today)}. Use {row.instead}."


def near_image(image: ImageSeen, named: bool, today: date) -> Iterator[str]:
    ends = image_ends(image.node_agent, image.ends)
    if ends is not None and is_near(ends, today):
        name = f"{image.publisher}:{image.offer}:{image.sku}"
        fix = "Leave compute.osImage out" if named else "The Batch account lists no newer one that fits"
        yield f"The nodes' image {name}: support by Batch {worded(ends, today)}. {fix}."
