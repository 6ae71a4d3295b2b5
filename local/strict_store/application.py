"""From a request to an operation and back: who asks, what it carries, what it does."""

from collections.abc import Callable
from threading import RLock
from uuid import uuid4

from local.in_process.exchange import Answer, Sent
from local.strict_store.call import Call, date, read_call
from local.strict_store.operations import Operation, blob_operation, queue_operation
from local.strict_store.refusals import Refusal, unknown
from local.strict_store.signatures import SIGNED, check_key, check_signature
from local.strict_store.state import Account, Clock

_HEADERS = frozenset(["x-ms-version", "x-ms-date", "x-ms-client-request-id", "x-ms-return-client-request-id"])
_QUERY = frozenset({"restype", "comp", "timeout"})


class StrictStore:
    """One storage account. `blobs` and `queues` answer what is sent to the two services; `account` is what it holds.

    `seen` is told the name of each operation before it is carried out.
    """

    def __init__(
        self, name: str, key: str, clock: Clock, seen: Callable[[str, Sent], object] = lambda name, sent: None
    ) -> None:
        self.account = Account(name, key, clock)
        self._seen, self._guard = seen, RLock()

    def blobs(self, sent: Sent) -> Answer:
        """Answer one request to the blob service."""
        return self._answer(sent, blob_operation, signatures=True)

    def queues(self, sent: Sent) -> Answer:
        """Answer one request to the queue service."""
        return self._answer(sent, queue_operation, signatures=False)

    def _answer(self, sent: Sent, find: Callable[[Call], Operation], *, signatures: bool) -> Answer:
        with self._guard:
            call = read_call(self.account, sent)
            try:
                answer = self._carried_out(call, find, signatures)
            except Refusal as refusal:
                answer = refusal.answer()
        bare = sent.method == "HEAD" or answer.status in (204, 304)
        return Answer(answer.status, {**_common(call), **answer.headers}, b"" if bare else answer.body)

    def _carried_out(self, call: Call, find: Callable[[Call], Operation], signatures: bool) -> Answer:
        signed = signatures and "sig" in call.query
        if not signed:
            check_key(self.account, call.sent)
        operation = find(call)
        check_carried(call, operation, signed)
        if signed:
            check_signature(call, operation.sas, call.container, call.blob, call.query)
        self._seen(operation.name, call.sent)
        return operation.run(call)


def check_carried(call: Call, operation: Operation, signed: bool) -> None:
    """Headers and parameters that would otherwise be passed over are refused by name."""
    for name in call.headers:
        if name.startswith(("x-ms-", "if-")) and name not in _HEADERS and not operation.knows_header(name):
            raise unknown(f"the header {name} of {operation.name}")
    for name in call.query:
        if name not in _QUERY and name not in operation.query.split() and not (signed and name in SIGNED):
            raise unknown(f"the parameter {name} of {operation.name}")
    if "x-ms-version" not in call.headers and not signed:
        raise Refusal(400, "MissingRequiredHeader", "x-ms-version")


def _common(call: Call) -> dict[str, str]:
    found = {"x-ms-request-id": str(uuid4()), "Date": date(call.now), "Server": "strict-store"}
    for name in ("x-ms-version", "x-ms-client-request-id"):
        if name in call.headers:
            found[name] = call.headers[name]
    return found
