"""The message that says "run this function on this blob", in the host's own queue."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from local.functions_host.encoding import BadEncoding, decode, encode

_EMULATOR_HOSTS = ("localhost",)
POISON_QUEUE = "webjobs-blobtrigger-poison"


@dataclass(frozen=True)
class BlobMessage:
    """One version of one blob for one function; `etag` is without quotes."""

    function_id: str
    container: str
    name: str
    etag: str
    blob_type: str = "BlockBlob"

    def text(self) -> str:
        """As it stands in the queue: base64 whatever host.json says of the user's queues."""
        document = {
            "Type": "BlobTrigger",
            "FunctionId": self.function_id,
            "BlobType": self.blob_type,
            "ContainerName": self.container,
            "BlobName": self.name,
            "ETag": self.etag,
        }
        return encode(json.dumps(document).encode(), "base64")

    @classmethod
    def parse(cls, text: str) -> "BlobMessage":
        """The reverse of `text`; ValueError for anything else."""
        try:
            document = json.loads(decode(text, "base64"))
            return cls(
                document["FunctionId"],
                document["ContainerName"],
                document["BlobName"],
                str(document["ETag"]),
                document.get("BlobType") or "BlockBlob",
            )
        except (BadEncoding, KeyError, TypeError) as error:
            raise ValueError(f"is no blob trigger message: {error!r}") from error


def message_of_event(function_id: str, event: Mapping[str, Any]) -> BlobMessage:
    """The message for a blob event of Event Grid, either schema; ValueError when it names no blob."""
    data = event.get("data") or {}
    container, name = blob_of(str(data.get("url")))
    etag = str(data.get("eTag") or "").strip('"')
    return BlobMessage(function_id, container, name, etag, str(data.get("blobType") or "BlockBlob"))


def blob_of(url: str) -> tuple[str, str]:
    """Container and blob of a blob's URL; an address in place of a name means that the account is in the path."""
    parts = urlsplit(url)
    path = parts.path.lstrip("/")
    if _is_path_style(parts.hostname or ""):
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    if not container or not name:
        raise ValueError(f"{url!r} is no URL of a blob")
    return container, unquote(name)


def _is_path_style(host: str) -> bool:
    if host in _EMULATOR_HOSTS:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
