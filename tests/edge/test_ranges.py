"""How the service is let at the source of a range: by a signature, by a token, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.credentials import AccessToken
from werkzeug import Request, Response

from local.azurite import Azurite
from local.serving import serve
from shared.azure.account import BlobAccount
from shared.azure.blobs import AzureBlobs
from shared.azure.line import Line
from shared.errors import Refused, Unsupported
from shared.settings import StorageAccount

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
WRONG_KEY = "Qg" + KEY[2:]


@dataclass
class Store:
    """Keeps the headers it is asked with; answers `status`."""

    status: int = 201
    code: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        self.asked.append(dict(request.headers))
        return Response(status=self.status, headers={"x-ms-error-code": self.code} if self.code else {})


class Login:
    """A credential whose token says what it is for."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        return AccessToken(f"token for {' '.join(scopes)}", 2**31)


@contextmanager
def opened(store: Store) -> Iterator[AzureBlobs]:
    with serve(store) as serving:
        connection = f"AccountName=a;AccountKey={KEY};BlobEndpoint={serving.url}/a"
        account = AzureBlobs(StorageAccount(connection_string=connection))
        yield account
        account.close()


def test_request_names_range_version_and_signature() -> None:
    """The store is asked for one range of one version, with an address that reads this one blob for a short time."""
    store = Store()
    with opened(store) as account:
        account.stage_from("in", "t", 3, ("data", "big.txt"), "0x1", 100, 50)
    (asked,) = store.asked
    assert (asked["X-Ms-Source-Range"], asked["X-Ms-Source-If-Match"]) == ("bytes=100-149", '"0x1"')
    signature = parse_qs(urlsplit(asked["X-Ms-Copy-Source"]).query)
    assert (signature["sp"], signature["sr"]) == (["r"], ["b"])
    assert "X-Ms-Copy-Source-Authorization" not in asked


def test_store_that_does_not_know_the_request() -> None:
    """501 is Unsupported, at the first try."""
    store = Store(501, "APINotImplemented")
    with opened(store) as account, pytest.raises(Unsupported):
        account.stage_from("in", "t", 0, ("data", "big.txt"), "0x1", 0, 1)
    assert len(store.asked) == 1


def test_token_where_there_is_no_key() -> None:
    """Without a key the source is named plainly, and read with a token for Storage."""
    account = BlobAccount(StorageAccount(blob_uri="https://a.blob.invalid"), by=Line(credential=Login()))
    address, bearer = account.readable("data", "a b.txt")
    account.close()
    assert address == "https://a.blob.invalid/data/a%20b.txt"
    assert bearer == "Bearer token for https://storage.azure.com/.default"


@pytest.mark.stack
def test_missing_right_is_no_missing_operation(azurite: Azurite) -> None:
    """A source that may not be read is refused by the store's code: not a reason to try another way."""
    account = AzureBlobs(StorageAccount(connection_string=azurite.connection_string), key=lambda: WRONG_KEY)
    account.create_container("bd-ranges", {})
    etag = account.put("bd-ranges", "from", b"1")
    with pytest.raises(Refused) as error:
        account.stage_from("bd-ranges", "m", 0, ("bd-ranges", "from"), etag, 0, 1)
    account.delete_container("bd-ranges")
    account.close()
    assert not isinstance(error.value, Unsupported)
    assert (error.value.code, error.value.status) == ("CannotVerifyCopySource", 403)
