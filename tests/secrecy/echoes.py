"""Services that repeat what they were given, as real ones do in their worse moments."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from xml.sax.saxutils import escape

from local.in_process.exchange import Answer, Sent, Service
from tests.loop.ground import Program
from tests.manifest.test_reach import strings
from tests.secrecy.job import fails_once, prepared
from tests.secrecy.place import KEYS, Record, Recorded, RecordedByIdentity, held_by
from tests.wired.place import Place
from tests.wired.services import BATCH, VAULT

Given = Callable[[Sent], str]
SPAN = timedelta(seconds=150)
log = logging.getLogger("host")


def sent_secrets(sent: Sent) -> str:
    """Of what was sent, the values that no one should hear."""
    return " ".join(text for _, text in strings(json.loads(sent.body), "") if held_by(text.encode()))


def always(text: str) -> Given:
    return lambda sent: text


def source_of_copy(sent: Sent) -> str:
    return sent.header("x-ms-copy-source") or sent.query


@dataclass(frozen=True)
class Echo:
    """Answers requests that fit with an error that holds what `given` finds in them."""

    host: str
    method: str
    path: str
    status: int
    code: str
    given: Given
    form: str = "azure"

    def answer(self, sent: Sent) -> Answer | None:
        if self.host not in sent.host or sent.method != self.method or not re.search(self.path, sent.path):
            return None
        if sent.host == VAULT and not sent.header("Authorization"):
            return None  # the challenge comes first
        kind, body = self._worded(self.given(sent))
        return Answer(self.status, {"Content-Type": kind, "x-ms-error-code": self.code}, body.encode())

    def _worded(self, text: str) -> tuple[str, str]:
        said = f"The value {text} is not right"
        if self.form == "batch":
            values = [{"key": "PropertyValue", "value": text}]
            message = {"lang": "en-US", "value": f"{said}.\nRequestId:1"}
            return "application/json", json.dumps({"code": self.code, "message": message, "values": values})
        if self.form == "xml":
            detail = f"<AuthenticationErrorDetail>{escape(text)}</AuthenticationErrorDetail>"
            return (
                "application/xml",
                f"<Error><Code>{self.code}</Code><Message>{escape(said)}</Message>{detail}</Error>",
            )
        if self.form == "plain":
            return "text/plain", said
        return "application/json", json.dumps({"error": {"code": self.code, "message": said}})


class LoggingPlace(Place):
    """Writes down what a trigger raises, as the host does: with all its causes."""

    def run(self, trigger: str, handler: Callable[[], None]) -> bool:
        try:
            return super().run(trigger, handler)
        except Exception:
            log.exception("Executed (failed)")
            return True


@dataclass
class Trial:
    """A job among such services. `struck`: how often they were asked."""

    place: Place
    record: Record
    struck: list[Sent]

    def live(self, rounds: int = 7) -> None:
        for _ in range(rounds):
            self.place.round()
            self.place.pass_time(SPAN)


def trial(
    echo: Echo | None, *, identity: bool, program: Program = fails_once, words: Mapping[bytes, bytes] | None = None
) -> Trial:
    """`echo` None: services that say nothing wrong. `words`: what stands in Batch's answers in place of other words."""
    record, struck = Record(), list[Sent]()

    def reworded(answer: Answer) -> Answer:
        body = answer.body
        for word, other in (words or {}).items():
            body = body.replace(word, other)
        return replace(answer, body=body)

    def way(service: Service) -> Service:
        recorded = record(service)

        def ask(sent: Sent) -> Answer:
            answer = echo.answer(sent) if echo else None
            if answer is None:
                return reworded(recorded(sent)) if sent.host == BATCH else recorded(sent)
            struck.append(sent)
            return answer

        return ask

    services = (RecordedByIdentity if identity else Recorded)(program, KEYS)
    place = LoggingPlace(program, way, services)
    prepared(place)
    return Trial(place, record, struck)
