"""A transport below the SDKs that answers badly, or late, or not at all, as often as it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from azure.core.exceptions import (
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from local.in_process.exchange import Answer
from local.in_process.transport import InProcess, Received, Whole, as_sent
from tests.hostile.weather import Weather

BUSY = (408, 429, 500, 502, 503)
BODIES = (b"", b"<html><body>Bad Gateway</body></html>", b'{"error": ')
RETRY_AFTER = (None, None, "1", "7", "45")
SLOWEST = 90.0


class BadLine(InProcess):
    """The services of this process, in bad weather. `pause` takes the seconds of a slow answer too. `turn`: only who
    is inside it asks anything, as these services were not made for threads."""

    def __init__(
        self, service: Any, pause: Callable[[float], object], weather: Weather, turn: AbstractContextManager[object]
    ) -> None:
        super().__init__(service, pause)
        self._weather, self._pass_time, self._turn = weather, pause, turn

    def send(self, request: Any, **kwargs: Any) -> Any:
        with self._turn:
            return self._sent(request, **kwargs)

    def _sent(self, request: Any, **kwargs: Any) -> Any:
        if not self._weather.strikes(request.url):
            return super().send(request, **kwargs)
        match self._weather.fault():
            case "busy":
                return Received(request, self._busy())
            case "lost answer":
                super().send(request, **kwargs)
                return Received(request, self._busy())
            case "refused":
                raise ServiceRequestError("connection refused")
            case "reset":
                super().send(request, **kwargs)
                raise ServiceResponseError("connection reset by peer")
            case "half":
                return self._half(request, **kwargs)
            case _:
                return self._slow(request, **kwargs)

    def _busy(self) -> Answer:
        chosen = self._weather.random
        after = chosen.choice(RETRY_AFTER)
        headers = {"content-type": "text/html"} | ({"Retry-After": after} if after else {})
        return Answer(chosen.choice(BUSY), headers, chosen.choice(BODIES))

    def _half(self, request: Any, **kwargs: Any) -> Any:
        """The answer breaks off: at once, or, for who reads it piece by piece, in the middle."""
        answer = self._service(as_sent(request))
        if not kwargs.get("stream") or not answer.body:
            raise IncompleteReadError("the connection broke off")
        return Halved(request, answer)

    def _slow(self, request: Any, **kwargs: Any) -> Any:
        """It takes its time; the effect is there also when nobody waits for its end."""
        takes, most = self._weather.random.uniform(1, SLOWEST), float(kwargs.get("read_timeout", SLOWEST))
        answer = super().send(request, **kwargs)
        self._pass_time(min(takes, most))
        if takes > most:
            raise ServiceResponseTimeoutError("read timed out")
        return answer


class Halved(Received):
    """An answer whose second half never comes."""

    def __init__(self, request: Any, answer: Answer) -> None:
        super().__init__(request, answer)
        self._stream_download_generator = Broken


class Broken(Whole):
    """A download that breaks off in the middle."""

    def __iter__(self) -> Iterator[bytes]:
        content = self.response.content
        yield content[: len(content) // 2]
        raise IncompleteReadError("the connection broke off")
