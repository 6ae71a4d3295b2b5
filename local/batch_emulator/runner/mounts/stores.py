"""The storage accounts that nodes know beside the URLs they are given: where they answer, and with which key."""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

_VERSION = "2021-12-02"
_LIFE = timedelta(days=7)


@dataclass(frozen=True)
class Store:
    """A storage account; `endpoint` is that of its blobs, without a trailing slash."""

    account: str
    endpoint: str
    key: str | None = None


class Stores:
    """Storage accounts by name. An account that nobody named answers where Azure's accounts do."""

    def __init__(self, connection_strings: Iterable[str] = ()) -> None:
        """Read connection strings: AccountName, BlobEndpoint, AccountKey. Raises ValueError."""
        self._stores = {store.account.lower(): store for store in map(_read, connection_strings)}

    def container_url(self, account: str, container: str) -> str:
        """Give the address of a container."""
        known = self._stores.get(account.lower())
        endpoint = known.endpoint if known else f"https://{account}.blob.core.windows.net"
        return f"{endpoint}/{container}"

    def for_identity(self, url: str) -> str | None:
        """Sign an address as a managed identity's token would open it; None for an account without a known key."""
        for store in self._stores.values():
            if store.key is not None and url.startswith(store.endpoint + "/"):
                return f"{url}?{account_sas(store.account, store.key)}"
        return None


def account_sas(account: str, key: str, now: datetime | None = None) -> str:
    """Give a shared access signature to all containers and blobs of an account, for a week.

    Raises ValueError for a key that is not base64.
    """
    expiry = ((now or datetime.now(UTC)) + _LIFE).strftime("%Y-%m-%dT%H:%M:%SZ")
    fields = {"sp": "rwdlac", "ss": "b", "srt": "co", "se": expiry, "spr": "https,http", "sv": _VERSION}
    order = (account, fields["sp"], "b", "co", "", expiry, "", fields["spr"], _VERSION, "")
    text = "".join(f"{each}\n" for each in order)
    digest = hmac.new(base64.b64decode(key, validate=True), text.encode(), hashlib.sha256).digest()
    return urlencode({**fields, "sig": base64.b64encode(digest).decode()})


def _read(text: str) -> Store:
    pairs = (part.partition("=") for part in text.split(";") if part)
    fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
    missing = [name for name in ("AccountName", "BlobEndpoint") if name.lower() not in fields]
    if missing:
        raise ValueError(f"the connection string of a storage account lacks {' and '.join(missing)}")
    return Store(fields["accountname"], fields["blobendpoint"].rstrip("/"), fields.get("accountkey"))
