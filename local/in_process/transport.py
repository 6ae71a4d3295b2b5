"""What the SDKs send by: azure-core's transport, answered by functions of this process.

Nothing is sent anywhere, so nothing times out; pauses between tries are the caller's to make, as a clock that is
driven has no other way to pass.
"""

from collections.abc import Callable, Iterator, Mapping
from http.client import responses
from typing import Any, Self

from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.core.rest._http_response_impl import HttpResponseImpl
from azure.core.utils import case_insensitive_dict

from local.in_process.exchange import Answer, Sent, Service, to


class Internet:
    """Services by the names of their hosts. An unknown host is an error, as an address without a server is."""

    def __init__(self, hosts: Mapping[str, Service]) -> None:
        self.hosts = dict(hosts)

    def __call__(self, sent: Sent) -> Answer:
        service = self.hosts.get(sent.host)
        if service is None:
            raise ServiceRequestError(f"no service in this process is called {sent.host}")
        return service(sent)


class InProcess(HttpTransport[HttpRequest, HttpResponse]):
    """Every request is answered by `service` before `send` returns. `pause` takes the seconds an SDK wants to wait."""

    def __init__(self, service: Service, pause: Callable[[float], object]) -> None:
        self._service, self._pause = service, pause

    def send(self, request: HttpRequest, **_: Any) -> HttpResponse:
        return Received(request, self._service(as_sent(request)))

    def sleep(self, duration: float) -> None:
        self._pause(duration)

    def open(self) -> None:
        """Nothing is opened."""

    def close(self) -> None:
        """Nothing is closed: other clients may use the same."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


class Received(HttpResponseImpl):
    """An answer that is all there."""

    def __init__(self, request: HttpRequest, answer: Answer) -> None:
        headers = case_insensitive_dict(answer.headers)
        super().__init__(
            request=request,
            internal_response=self,
            status_code=answer.status,
            reason=responses.get(answer.status, ""),
            content_type=headers.get("content-type"),
            headers=headers,
            stream_download_generator=Whole,
        )
        self._content = answer.body

    def close(self) -> None:
        self._is_closed = True


class Whole:
    """What the SDKs read a download by."""

    def __init__(self, pipeline: object, response: HttpResponse, **_: Any) -> None:
        self.response = response
        self.request = response.request
        self.content_length = len(response.content)

    def __len__(self) -> int:
        return self.content_length

    def __iter__(self) -> Iterator[bytes]:
        return iter([self.response.content])


def as_sent(request: HttpRequest) -> Sent:
    """The request as the service would see it."""
    content = request.content if hasattr(request, "content") else request.data  # azure-core has two kinds of requests
    return to(request.method, request.url, request.headers, body_of(content))


def body_of(content: Any) -> bytes:
    """Bytes of whatever an SDK hands to a transport."""
    if content is None:
        return b""
    if isinstance(content, str):
        return content.encode()
    if hasattr(content, "read"):
        return bytes(content.read())
    return bytes(content) if isinstance(content, bytes | bytearray) else b"".join(content)
