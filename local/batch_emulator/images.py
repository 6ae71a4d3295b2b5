"""The VM images that the emulated region supports."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.pages import Properties


@dataclass(frozen=True)
class Image:
    """A Marketplace image with the node agent that fits it."""

    publisher: str
    offer: str
    sku: str
    agent: str
    capabilities: tuple[str, ...] = ()
    end_of_life: datetime | None = None
    os: str = "linux"
    verification: str = "verified"


_JAMMY_ENDS = datetime(2027, 6, 30, tzinfo=UTC)
_CONTAINERS = ("DockerCompatible",)
_CLUSTER = ("DockerCompatible", "NvidiaTeslaDriverInstalled")

IMAGES = (
    Image("microsoft-dsvm", "ubuntu-hpc", "2204", "batch.node.ubuntu 22.04", _CLUSTER, _JAMMY_ENDS),
    Image("microsoft-dsvm", "ubuntu-hpc", "2404", "batch.node.ubuntu 24.04", _CLUSTER),
    Image("microsoft-dsvm", "ubuntu-hpc", "2404-arm64", "batch.node.ubuntu 24.04", _CONTAINERS),
    Image("canonical", "0001-com-ubuntu-server-jammy", "22_04-lts", "batch.node.ubuntu 22.04", (), _JAMMY_ENDS),
    Image("canonical", "ubuntu-24_04-lts", "server", "batch.node.ubuntu 24.04"),
    Image("almalinux", "almalinux-hpc", "8_10-hpc-gen2", "batch.node.el 8", _CONTAINERS),
)
_RETIRED = ("batch.node.ubuntu 20.04",)


def numbered(after: int) -> Iterator[tuple[int, Image]]:
    """Give the images whose number is greater."""
    return ((number, image) for number, image in enumerate(IMAGES, 1) if number > after)


def require_agent(sku: str) -> None:
    """Raise unless nodes with this agent can be made; agents past their end of support cannot."""
    if sku in _RETIRED or sku not in {image.agent for image in IMAGES}:
        raise BatchError("NodeAgentSKUNotFound", f"The node agent SKU {sku!r} is not supported here.")


PROPERTIES: Properties[Image] = {
    "nodeAgentSKUId": lambda image, _: image.agent,
    "imageReference": lambda image, _: {
        "publisher": image.publisher,
        "offer": image.offer,
        "sku": image.sku,
        "version": "latest",
    },
    "osType": lambda image, _: image.os,
    "capabilities": lambda image, _: list(image.capabilities) or None,
    "batchSupportEndOfLife": lambda image, _: image.end_of_life,
    "verificationType": lambda image, _: image.verification,
}
