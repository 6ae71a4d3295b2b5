"""A copy that does not end at once: followed, found again by a later pass, or told why it ended badly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from werkzeug import Request, Response

from local.serving import serve
from shared.azure.blobs import AzureBlobs
from shared.azure.deadline import Deadline, bounded
from shared.errors import Conflict, OutOfTime, Refused, Vanished
from shared.ports import ABSENT
from shared.settings import StorageAccount

KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
MODIFIED = "Mon, 05 Jan 2026 08:00:00 GMT"


@dataclass
class SlowStore:
    """Answers copies the way Storage does when it takes its time. `states`: what each look at the target finds."""

    states: list[tuple[str, str]] = field(default_factory=list)
    source_etag: str = "0x1"
    begun: int = 0
    refuses: tuple[int, str] | None = None

    def __call__(self, request: Request) -> Response:
        if request.method == "PUT":
            return self._begin(request)
        headers = {"Last-Modified": MODIFIED, "ETag": f'"{self.source_etag}"', "x-ms-blob-type": "BlockBlob"}
        if request.path.endswith("/to"):
            state, why = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            source = request.url.removesuffix("/to") + "/from%20here"
            headers |= {"ETag": '"0x9"', "x-ms-copy-status": state, "x-ms-copy-source": source}
            headers |= {"x-ms-copy-status-description": why} if why else {}
        return Response(status=200, headers=headers)

    def _begin(self, request: Request) -> Response:
        assert request.headers["x-ms-source-if-match"] == '"0x1"'
        if self.refuses:
            status, code = self.refuses
            return Response(status=status, headers={"x-ms-error-code": code})
        self.begun += 1
        headers = {"ETag": '"0x8"', "Last-Modified": MODIFIED, "x-ms-copy-id": "1", "x-ms-copy-status": "pending"}
        return Response(status=202, headers=headers)


@contextmanager
def opened(store: SlowStore) -> Iterator[AzureBlobs]:
    with serve(store) as serving:
        connection = f"AccountName=a;AccountKey={KEY};BlobEndpoint={serving.url}/a"
        account = AzureBlobs(StorageAccount(connection_string=connection))
        yield account
        account.close()


def copy(account: AzureBlobs) -> str:
    return account.copy(("data", "from here"), "0x1", ("data", "to"), when=ABSENT)


def test_a_slow_copy_is_followed_to_its_end() -> None:
    """The answer is the ETag that the finished copy has, not the one it began with."""
    store = SlowStore([("pending", ""), ("success", "")])
    with opened(store) as account:
        assert copy(account) == "0x9"
    assert store.begun == 1


@pytest.mark.parametrize("refusal", [(409, "PendingCopyOperation"), (409, "BlobAlreadyExists")])
def test_a_copy_begun_by_an_earlier_pass_is_followed(refusal: tuple[int, str]) -> None:
    """A pass that ran out of time left its copy behind; the next one waits for it instead of failing on it."""
    store = SlowStore([("pending", ""), ("pending", ""), ("success", "")], refuses=refusal)
    with opened(store) as account, bounded(Deadline.after(timedelta(seconds=20), floor=1)):
        assert copy(account) == "0x9"


def test_a_copy_that_outlasts_the_pass() -> None:
    """When the deadline comes first, the pass ends and nothing is wrong."""
    soon = Deadline.after(timedelta(seconds=1.5), floor=1)
    with opened(SlowStore([("pending", "")])) as account, bounded(soon), pytest.raises(OutOfTime):
        copy(account)


@pytest.mark.parametrize(
    ("state", "why", "kind"),
    [
        ("failed", "412 Precondition Failed when reading the source.", Vanished),
        ("failed", "404 BlobNotFound when reading the source.", Vanished),
        ("failed", "500 InternalError when writing.", Refused),
        ("aborted", "", Conflict),
    ],
)
def test_a_copy_that_ends_badly(state: str, why: str, kind: type[Exception]) -> None:
    """A source that changed meanwhile is Vanished, an abort by somebody is a Conflict, the rest is a refusal."""
    with opened(SlowStore([(state, why)])) as account, pytest.raises(kind, match=state):
        copy(account)


def test_somebody_elses_blob_is_not_taken_for_our_copy() -> None:
    """A target that is there, and not a copy on its way, is a Conflict."""
    store = SlowStore([("success", "")], refuses=(409, "BlobAlreadyExists"))
    with opened(store) as account, pytest.raises(Conflict):
        copy(account)


def test_an_unclear_condition_is_looked_into() -> None:
    """When the service does not say which condition failed, a source of another version is Vanished."""
    store = SlowStore([("success", "")], source_etag="0x2", refuses=(412, "ConditionNotMet"))
    with opened(store) as account, pytest.raises(Vanished):
        copy(account)
