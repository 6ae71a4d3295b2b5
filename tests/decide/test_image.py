"""Which VM image a pool gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from controller.vm_image import pick_image
from shared.errors import Refused
from shared.ports import ImageSeen

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SIZE = "Standard_D4s_v5"


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
    assert pick_image([JAMMY, ALMA, NOBLE, bare], SIZE, None, NOW) == NOBLE
    assert pick_image([ALMA, JAMMY], SIZE, None, NOW) == JAMMY
    assert pick_image([ALMA], SIZE, None, NOW) == ALMA


def test_a_verified_image_comes_before_a_newer_one() -> None:
    """What Batch has not verified is taken only where nothing else is left."""
    newer = an_image("2604", "batch.node.ubuntu 26.04", verified=False)
    assert pick_image([newer, NOBLE], SIZE, None, NOW) == NOBLE
    assert pick_image([newer], SIZE, None, NOW) == newer


def test_an_image_that_is_about_to_end_is_not_taken() -> None:
    """Within 30 days of its end it is refused, by its name too."""
    ending = an_image("2204", "batch.node.ubuntu 22.04", days=29)
    assert pick_image([ending, ALMA], SIZE, None, NOW) == ALMA
    assert pick_image([NOBLE, JAMMY], SIZE, "maker:offer:2204", NOW) == JAMMY
    with pytest.raises(Refused, match="maker:offer:2204"):
        pick_image([NOBLE, ending], SIZE, "maker:offer:2204", NOW)


ARMS = [
    an_image("2404-arm64", "batch.node.ubuntu 24.04"),
    an_image("2404-gb", "batch.node.ubuntu 24.04"),
    an_image("server", "batch.node.ubuntu 24.04 arm64"),
]


@pytest.mark.parametrize("size", [SIZE, "Standard_F8s_v2", "Standard_NC4as_T4_v3", "Standard_HB120rs_v3"])
def test_a_machine_never_gets_an_image_for_other_processors(size: str) -> None:
    """Images for Arm are supported and verified too, and their names sort behind the others."""
    assert pick_image([*ARMS, NOBLE, JAMMY], size, None, NOW) == NOBLE
    with pytest.raises(Refused, match=size):
        pick_image(ARMS, size, None, NOW)


@pytest.mark.parametrize(
    "size", ["Standard_D4ps_v5", "Standard_E8pds_v5", "Standard_B2pts_v2", "Standard_ND128isr_NDR_GB200_v6"]
)
def test_a_machine_with_arm_processors_gets_an_image_for_them(size: str) -> None:
    """And where there is none, that is told."""
    assert pick_image([NOBLE, ARMS[0], JAMMY], size, None, NOW) == ARMS[0]
    with pytest.raises(Refused, match=size):
        pick_image([NOBLE, JAMMY], size, None, NOW)


def test_a_named_image_is_taken_as_it_is_named() -> None:
    """Whoever names one knows his machines."""
    assert pick_image([NOBLE, *ARMS], SIZE, "maker:offer:2404-arm64", NOW) == ARMS[0]


def test_the_plain_image_comes_before_its_variants() -> None:
    """A variant is made for one kind of machine."""
    rocm = an_image("2404-rocm", "batch.node.ubuntu 24.04")
    assert pick_image([NOBLE, rocm], SIZE, None, NOW) == NOBLE
