"""Files on nodes: they go with the node, so what is wanted of them is read as long as it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.azure.batch_door import BatchDoor
from shared.errors import Refused, Vanished

if TYPE_CHECKING:
    from azure.batch import BatchClient


def tail(door: BatchDoor, pool_id: str, node_id: str, path: str, most: int) -> bytes | None:
    """The last `most` bytes; None where node or file is gone, or the node is in a state in which it shows nothing."""

    def read(client: BatchClient) -> bytes:
        size = client.get_node_file_properties(pool_id, node_id, path).content_length
        if not size:
            return b""
        wanted = f"bytes={max(0, size - most)}-{size - 1}"
        return b"".join(client.download_node_file(pool_id, node_id, path, ocp_range=wanted))

    try:
        return door.get(f"{path} of node {node_id}", read)
    except (Vanished, Refused):
        return None
