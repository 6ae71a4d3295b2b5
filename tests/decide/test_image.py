"""Which VM image a pool gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.batch_job import pick_image
from shared.errors import Refused
from shared.ports import ImageSeen

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def an_image(sku: str, agent: str, *, docker: bool = True, verified: bool = True, days: int | None = None) -> ImageSeen:
    ends = None if days is None else NOW + timedelta(days=days)
    return ImageSeen(
        "maker", "offer", sku, agent, ("DockerCompatible",) if docker else (), verified=verified, ends=ends
    )


JAMMY = an_image("2204", "batch.node.ubuntu 22.04", days=220)
NOBLE = an_image("2404", "batch.node.ubuntu 24.04")
ALMA = an_image("8_10-hpc-gen2", "batch.node.el 8")


def test_the_newest_ubuntu_with_docker_is_taken() -> None:
    """A greater number in another system's name is no newer version; an image without Docker is none."""
    bare = an_image("2604", "batch.node.ubuntu 26.04", docker=False)
    assert pick_image([JAMMY, ALMA, NOBLE, bare], None, NOW) == NOBLE
    assert pick_image([ALMA, JAMMY], None, NOW) == JAMMY
    assert pick_image([ALMA], None, NOW) == ALMA


def test_a_verified_image_comes_before_a_newer_one() -> None:
    """What Batch has not verified is taken only where nothing else is left."""
    newer = an_image("2604", "batch.node.ubuntu 26.04", verified=False)
    assert pick_image([newer, NOBLE], None, NOW) == NOBLE
    assert pick_image([newer], None, NOW) == newer


def test_an_image_that_is_about_to_end_is_not_taken() -> None:
    """Within 30 days of its end it is refused, by its name too."""
    ending = an_image("2204", "batch.node.ubuntu 22.04", days=29)
    assert pick_image([ending, ALMA], None, NOW) == ALMA
    assert pick_image([NOBLE, JAMMY], "maker:offer:2204", NOW) == JAMMY
    with pytest.raises(Refused, match="maker:offer:2204"):
        pick_image([NOBLE, ending], "maker:offer:2204", NOW)
