"""The Batch client, and the one way through it: errors become ours, and a rotated account key is read once more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from shared.azure.failures import code_of, translated

if TYPE_CHECKING:
    from azure.batch import BatchClient
    from azure.core.credentials import AzureNamedKeyCredential

T = TypeVar("T")
GONE = frozenset({"PoolNotFound", "JobNotFound", "ResourceNotFound"})


@dataclass(frozen=True)
class BatchKey:
    """The account key: `read` may answer from a cache, `reread` asks the Key Vault again."""

    account: str
    read: Callable[[], str]
    reread: Callable[[], str]


class BatchDoor:
    """`key` None: the process's own identity, over https only."""

    def __init__(self, endpoint: str, key: BatchKey | None) -> None:
        from shared.azure.transport import BoundedTransport

        self._endpoint, self._key = endpoint, key
        self._transport = BoundedTransport()
        self._credential: AzureNamedKeyCredential | None = None
        self._client: BatchClient | None = None
        self._guard = threading.Lock()

    def close(self) -> None:
        self._transport.close()

    def ask(self, thing: str, call: Callable[[BatchClient], T], fine: Collection[str] = ()) -> T | None:
        """What `call` answers; None when the service refuses with a code that is `fine`."""
        with translated(thing), _allowing(fine):
            return self._tried(call)
        return None

    def get(self, thing: str, call: Callable[[BatchClient], T]) -> T:
        """What `call` answers."""
        with translated(thing):
            return self._tried(call)

    def pages(self, thing: str, call: Callable[[BatchClient], Iterable[T]]) -> Iterator[T]:
        """What `call` lists, fetched page by page."""
        with translated(thing):
            yield from self._tried(lambda client: _begun(call(client)))

    def _tried(self, call: Callable[[BatchClient], T]) -> T:
        from azure.core.exceptions import HttpResponseError

        client = self._opened()
        try:
            return call(client)
        except HttpResponseError as error:
            if error.status_code not in (401, 403) or not self._has_new_key():
                raise
            return call(client)

    def _has_new_key(self) -> bool:
        """Whether the Key Vault holds another key than the one that was refused; it is used from now on."""
        if self._key is None or self._credential is None:
            return False
        fresh = self._key.reread()
        if fresh == self._credential.named_key.key:
            return False
        self._credential.update(self._key.account, fresh)
        return True

    def _opened(self) -> BatchClient:
        with self._guard:
            if self._client is None:
                self._client = self._make()
            return self._client

    def _make(self) -> BatchClient:
        from azure.batch import BatchClient

        from shared.azure.transport import core_options

        options = core_options(self._transport)
        if self._key is None:
            from shared.azure.identity import default_credential

            return BatchClient(self._endpoint, default_credential(), **options)
        from azure.core.credentials import AzureNamedKeyCredential

        self._credential = AzureNamedKeyCredential(self._key.account, self._key.read())
        return BatchClient(self._endpoint, self._credential, **options)


def _begun(listed: Iterable[T]) -> Iterator[T]:
    """The same, its first page already asked for."""
    rest = iter(listed)
    first = list(islice(rest, 1))
    return chain(first, rest)


@contextmanager
def _allowing(codes: Collection[str]) -> Iterator[None]:
    from azure.core.exceptions import HttpResponseError

    try:
        yield
    except HttpResponseError as error:
        if code_of(error) not in codes:
            raise
