"""What belongs to the account as a whole."""

from local.batch_emulator.images import PROPERTIES, numbered
from local.batch_emulator.protocol.exchange import Answer, Call
from local.batch_emulator.protocol.pages import by_number, listed
from local.batch_emulator.world import World


def list_supported_images(_world: World, call: Call) -> Answer:
    """List the VM images that nodes can be made of."""
    return listed(
        call, "supportedimages", by_number(numbered), PROPERTIES, ("osType", "verificationType", "nodeAgentSKUId")
    )
