"""Functions that the Python worker would not load are refused with their name and the parameter."""

from collections.abc import Callable
from typing import Any, List  # noqa: UP035 - see _good

import azure.functions as func
import pytest

from local.functions_host.bindings import Binding, read_binding
from local.functions_host.errors import Refused
from local.functions_host.settings import Settings
from local.functions_host.signature import read_signature

_QUEUE = Binding("f", "queueTrigger", "message", False, {})
_HTTP = Binding("f", "httpTrigger", "message", False, {})
_OUT = Binding("f", "queue", "out", True, {})
_RETURN = Binding("f", "http", "$return", True, {})


# `list[str]` is unknown to the worker's own check, which was written for `typing.List`.
def _good(message: func.QueueMessage, out: func.Out[List[str]], context: func.Context) -> None: ...  # noqa: UP006
def _bare(message, out): ...  # type: ignore[no-untyped-def]  # annotations are optional
def _plain(message: str, out: func.Out[bytes]) -> None: ...


@pytest.mark.parametrize(
    ("call", "context", "plain"), [(_good, True, False), (_bare, False, False), (_plain, False, True)]
)
def test_a_function_that_fits(call: Callable[..., Any], context: bool, plain: bool) -> None:
    """Annotations may be left out; `str` asks for the text itself; `context` is passed when wanted."""
    signature = read_signature("f", call, _QUEUE, [_OUT], None)
    assert (signature.wants_context, signature.plain_trigger) == (context, plain)


def _extra(message: func.QueueMessage, out: func.Out[str], more: int = 1) -> None: ...
def _missing(message: func.QueueMessage) -> None: ...
def _wrong(message: dict[str, str], out: func.Out[str]) -> None: ...
def _optional(message: func.QueueMessage | None, out: func.Out[str]) -> None: ...
def _other(message: func.TimerRequest, out: func.Out[str]) -> None: ...
def _no_out(message: func.QueueMessage, out: str) -> None: ...
def _bad_out(message: func.QueueMessage, out: func.Out[func.TimerRequest]) -> None: ...
def _bad_context(message: func.QueueMessage, out: func.Out[str], context: str) -> None: ...


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (_extra, "f: parameter more has no binding"),
        (_missing, "f: binding out has no parameter"),
        (_wrong, "f.message: the annotation"),
        (_optional, "f.message: the annotation"),
        (_other, "f.message: the annotation"),
        (_no_out, "f.out: an output must be annotated"),
        (_bad_out, "f.out: the annotation"),
        (_bad_context, "f.context: must be annotated"),
    ],
)
def test_a_function_that_does_not_fit(call: Callable[..., Any], text: str) -> None:
    """What the worker finds at load is found here too."""
    with pytest.raises(Refused, match=text.replace(".", r"\.")):
        read_signature("f", call, _QUEUE, [_OUT], None)


def test_a_return_annotation_must_fit_its_binding() -> None:
    """`None` is no HTTP response."""

    def silent(message: func.HttpRequest) -> None: ...

    with pytest.raises(Refused, match="f: the return annotation"):
        read_signature("f", silent, _HTTP, [], _RETURN)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({"direction": "IN", "type": "blob", "name": "b"}, "input binding b of type blob"),
        ({"direction": "OUT", "type": "table", "name": "t"}, "output binding t of type table"),
        ({"direction": "OUT", "type": "http", "name": "r"}, "output binding r of type http"),
        ({"direction": "IN", "type": "cosmosDBTrigger", "name": "c"}, "AzureWebJobs.f.Disabled=true"),
    ],
)
def test_a_binding_beyond_this_host_is_refused(raw: dict[str, str], text: str) -> None:
    """By function, name and type, with the way to leave the function out."""
    with pytest.raises(Refused, match=text.replace(".", r"\.")):
        read_binding(raw, "f", Settings({}))
