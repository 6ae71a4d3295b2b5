"""The Batch client, and the one way through it: errors become ours, and a rotated account key is read once more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

from shared.azure.failures import code_of, translated
from shared.azure.line import NETWORK, Line

if TYPE_CHECKING:
    from azure.batch import BatchClient

T = TypeVar("T")
GONE = frozenset({"PoolNotFound", "JobNotFound", "ResourceNotFound"})


@dataclass(frozen=True)
class BatchKey:
    """The account key: `read` may answer from a cache, `reread` asks the Key Vault again."""

    account: str
    read: Callable[[], str]
    reread: Callable[[], str]


@dataclass(frozen=True)
class _Opened:
    client: BatchClient
    key: str | None


class BatchDoor:
    """`key` None: by identity, over https only."""

    def __init__(self, endpoint: str, key: BatchKey | None, by: Line = NETWORK) -> None:
        self._endpoint, self._key, self._by = endpoint, key, by
        self._transport = by.open()
        self._current: _Opened | None = None
        self._guard = threading.Lock()

    def close(self) -> None:
        self._transport.close()

    def refused(self, thing: str, call: Callable[[BatchClient], object], fine: Collection[str]) -> bool:
        """Whether the service refused `call` with one of the codes that are `fine`."""
        with translated(thing), _allowing(fine):
            self._tried(call)
            return False
        return True

    def find(self, thing: str, call: Callable[[BatchClient], T]) -> T | None:
        """What `call` answers; None when the service says by code that it is not there."""
        with translated(thing), _allowing(GONE):
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

        known = self._opened()
        try:
            return call(known.client)
        except HttpResponseError as error:
            newer = self._with_new_key(known) if error.status_code in (401, 403) else None
            if newer is None:
                raise
            return call(newer.client)

    def _with_new_key(self, refused: _Opened) -> _Opened | None:
        """A client with the key that the Key Vault holds now, for all from now on; None when it is the refused one."""
        fresh = self._key.reread() if self._key else None
        if fresh == refused.key:
            return None
        with self._guard:
            self._current = self._make(fresh)
            return self._current

    def _opened(self) -> _Opened:
        with self._guard:
            if self._current is None:
                self._current = self._make(self._key.read() if self._key else None)
            return self._current

    def _make(self, key: str | None) -> _Opened:
        """The SDK keeps the key it was built with: another key is another client."""
        from azure.batch import BatchClient

        from shared.azure.transport import core_options

        options = core_options(self._transport)
        if self._key is None or key is None:
            return _Opened(BatchClient(self._endpoint, self._by.identity(), **options), None)
        from azure.core.credentials import AzureNamedKeyCredential

        return _Opened(BatchClient(self._endpoint, AzureNamedKeyCredential(self._key.account, key), **options), key)


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
