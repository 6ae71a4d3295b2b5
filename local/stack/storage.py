"""The containers and queues that are there before anybody drops anything."""

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

CONTAINERS = ("jobs", "status", "results", "batchdrop", "data", "reference")
QUEUES = ("batchdrop-wake",)


def prepare_storage(connection_string: str) -> None:
    """Create what is missing."""
    with BlobServiceClient.from_connection_string(connection_string) as blobs:
        for container in CONTAINERS:
            try:
                blobs.create_container(container)
            except ResourceExistsError:
                continue
    with QueueServiceClient.from_connection_string(connection_string) as queues:
        for queue in QUEUES:
            try:
                queues.create_queue(queue)
            except ResourceExistsError:  # Azurite's answer for one that was read from disk
                continue
