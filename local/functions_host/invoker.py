"""Runs functions as the Python worker does: one event loop, a thread pool for plain functions, one time limit."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from azure.functions.meta import Datum

from local.functions_host.errors import FunctionTimedOut, WorkerRestarted
from local.functions_host.invocation import Call, Context, Invocation, Output, enter, leave
from local.functions_host.outputs import OutputWriter, as_datum
from local.functions_host.signature import converter

# The last two are no Exceptions, and left alone they would end the loop or the task instead of the run.
_RAISED = (Exception, SystemExit, asyncio.CancelledError)


class Invoker:
    """Starts calls and keeps count of them. `on_timeout` is told once, with the text for the log."""

    def __init__(
        self,
        outputs: OutputWriter,
        threads: int | None,
        timeout: float | None,
        on_timeout: Callable[[str], None],
    ) -> None:
        self._outputs = outputs
        self._pool = ThreadPoolExecutor(threads, "function")
        self._timeout = timeout
        self._on_timeout = on_timeout
        self._loop = asyncio.new_event_loop()
        self._worker = threading.Thread(target=self._loop.run_forever, name="worker-loop", daemon=True)
        self._running: dict[str, Invocation] = {}
        self._lock = threading.Lock()

    def open(self) -> None:
        """Start the event loop and the watch on functionTimeout."""
        self._worker.start()
        if self._timeout is not None:
            threading.Thread(target=self._watch, args=(self._timeout,), name="function-timeout", daemon=True).start()

    def close(self) -> None:
        """End the event loop and the threads; what still runs is waited for."""
        self._pool.shutdown()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._worker.join()
        self._loop.close()

    def start(self, call: Call) -> "Future[Datum | None]":
        """Run a function, with its retries. The future holds the return value, or what the function raised."""
        result: Future[Datum | None] = Future()
        asyncio.run_coroutine_threadsafe(self._run(call, result), self._loop)
        return result

    @property
    def running(self) -> int:
        """How many runs have begun and not ended."""
        return len(self._running)

    def drain(self, seconds: float) -> bool:
        """Wait until nothing runs; False when the time was not enough."""
        end = time.monotonic() + seconds
        while self._running and time.monotonic() < end:
            time.sleep(0.02)
        return not self._running

    async def _run(self, call: Call, result: "Future[Datum | None]") -> None:
        retries, error = 0, None
        while not result.done():
            invocation = Invocation(call, result, retries, error)
            value, error = await self._attempt(invocation)
            if error is None:
                _settle(result, value, None)
            elif call.function.retry is None or not call.function.retry.allows(retries):
                _settle(result, None, error)
            else:
                await asyncio.sleep(call.function.retry.pause(retries))
                retries += 1

    async def _attempt(self, invocation: Invocation) -> tuple[Datum | None, Exception | None]:
        log = logging.getLogger(f"Function.{invocation.name}")
        enter(invocation)
        with self._lock:
            self._running[invocation.id] = invocation
        log.info("Executing Functions.%s (reason=%r, id=%s)", invocation.name, invocation.call.reason, invocation.id)
        try:
            value = await self._execute(invocation)
        except _RAISED as error:  # a handler may raise anything
            text, details = "Executed Functions.%s (failed, id=%s, ms=%d)", (type(error), error, _own_traceback(error))
            log.error(text, *_summary(invocation), exc_info=details)  # noqa: TRY400 - only the app's frames
            return None, _as_exception(error)
        else:
            log.info("Executed Functions.%s (succeeded, id=%s, ms=%d)", *_summary(invocation))
            return value, None
        finally:
            with self._lock:
                self._running.pop(invocation.id, None)

    async def _execute(self, invocation: Invocation) -> Datum | None:
        function = invocation.call.function
        outputs = {binding.name: Output() for binding in function.outputs}
        arguments = _arguments(invocation) | outputs
        if function.is_async:
            value = await function.call(**arguments)
        else:
            value = await self._loop.run_in_executor(self._pool, _in_thread, invocation, arguments)
        if value is not None and function.returns is None:
            raise RuntimeError(f"function {function.name!r} returned a non-None value without a $return binding")
        return await asyncio.to_thread(self._finish, invocation, value, outputs)

    def _finish(self, invocation: Invocation, value: Any, outputs: dict[str, Output]) -> Datum | None:
        """Write the outputs; the encoded return value when it is HTTP's."""
        function, data = invocation.call.function, invocation.call.data
        for binding in function.outputs:
            if (left := outputs[binding.name].get()) is not None:
                datum = as_datum(binding, left, function.signature.outputs[binding.name])
                self._outputs.write(binding, datum, data)
        if function.returns is None or (value is None and function.returns.type != "http"):
            return None
        returned = as_datum(function.returns, value, None)
        if function.returns.type == "http":
            return returned
        self._outputs.write(function.returns, returned, data)
        return None

    def _watch(self, timeout: float) -> None:
        while True:
            time.sleep(min(1.0, timeout / 4))
            with self._lock:
                running = list(self._running.values())
            late = [invocation for invocation in running if time.monotonic() - invocation.started > timeout]
            if late:
                self._time_out(late, running)
                return

    def _time_out(self, late: list[Invocation], running: list[Invocation]) -> None:
        """Fail the late and, as they share the process that must go, everything else that runs."""
        names = ", ".join(f"Functions.{invocation.name} (id={invocation.id})" for invocation in late)
        text = f"functionTimeout of {self._timeout:g} s was passed by {names}"
        # First of all, so that no listener takes the message again that its failure releases.
        self._on_timeout(text)
        for invocation in running:
            error = FunctionTimedOut(text) if invocation in late else WorkerRestarted(text)
            _settle(invocation.result, None, error)


def _arguments(invocation: Invocation) -> dict[str, Any]:
    call, function = invocation.call, invocation.call.function
    trigger = function.trigger
    if function.signature.plain_trigger:
        value = call.payload.value
    else:
        value = converter(trigger.type).decode(call.payload, trigger_metadata=call.metadata)
    context = {"context": Context(invocation)} if function.signature.wants_context else {}
    return {trigger.name: value, **context}


def _in_thread(invocation: Invocation, arguments: dict[str, Any]) -> Any:
    enter(invocation)
    try:
        return invocation.call.function.call(**arguments)
    finally:
        leave()


def _settle(result: "Future[Datum | None]", value: Datum | None, error: Exception | None) -> None:
    """Give the answer; the time limit may have given one before."""
    with suppress(InvalidStateError):
        if error is None:
            result.set_result(value)
        else:
            result.set_exception(error)


def _own_traceback(error: BaseException) -> TracebackType | None:
    """The frames behind the host's own; all of them when the host itself raised."""
    found, frame = None, error.__traceback__
    while frame is not None:
        found = frame.tb_next if Path(frame.tb_frame.f_code.co_filename) == Path(__file__) else found
        frame = frame.tb_next
    return found or error.__traceback__


def _as_exception(error: BaseException) -> Exception:
    return error if isinstance(error, Exception) else RuntimeError(f"the function raised {error!r}")


def _summary(invocation: Invocation) -> tuple[str, str, int]:
    return invocation.name, invocation.id, int((time.monotonic() - invocation.started) * 1000)
