"""One run of one function: what a listener asks for, and the objects the handler may see beside its trigger."""

import contextvars
import threading
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

from local.functions_host.indexing import IndexedFunction

current: contextvars.ContextVar["Invocation | None"] = contextvars.ContextVar("invocation", default=None)
_thread_locals = threading.local()


@dataclass(frozen=True)
class Call:
    """What a trigger hands to a function.

    `metadata` is the worker's trigger metadata, `data` what binding expressions such as `{name}` may use.
    """

    function: IndexedFunction
    reason: str
    payload: Datum
    metadata: Mapping[str, Datum] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Invocation:
    """One attempt at a call."""

    call: Call
    result: "Future[Datum | None]"
    retry_count: int = 0
    last_error: BaseException | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.monotonic)

    @property
    def name(self) -> str:
        """The function's name."""
        return self.call.function.name


class Output(func.Out[Any]):
    """The `func.Out` of one output binding."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        """Keep the value until the function has succeeded."""
        self._value = val

    def get(self) -> Any:
        """The value set last, or None."""
        return self._value


class Context(func.Context):
    """The `context` parameter of a handler."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    @property
    def invocation_id(self) -> str:
        """Also in every log line of this run."""
        return self._invocation.id

    @property
    def thread_local_storage(self) -> Any:
        """Holds `invocation_id` in the thread of a running function."""
        return _thread_locals

    @property
    def function_name(self) -> str:
        """As registered."""
        return self._invocation.name

    @property
    def function_directory(self) -> str:
        """The app folder."""
        return str(Path(self._invocation.call.function.directory))

    @property
    def trace_context(self) -> Any:
        """A W3C trace of its own for each run: nothing upstream is traced locally."""
        trace = self._invocation.id.replace("-", "")
        return SimpleNamespace(trace_parent=f"00-{trace}-{trace[:16]}-00", trace_state="", attributes={})

    @property
    def retry_context(self) -> Any:
        """Which try this is; counts are 0 without a retry policy."""
        policy, error = self._invocation.call.function.retry, self._invocation.last_error
        exception = None if error is None else SimpleNamespace(message=str(error), source="", stack_trace="")
        return SimpleNamespace(
            retry_count=self._invocation.retry_count,
            max_retry_count=policy.max_retry_count if policy else 0,
            exception=exception,
        )


def enter(invocation: Invocation) -> None:
    """Mark this thread (or task) as the one that runs the invocation."""
    current.set(invocation)
    _thread_locals.invocation_id = invocation.id


def leave() -> None:
    """Undo `enter` in a pooled thread."""
    current.set(None)
    _thread_locals.invocation_id = None
