"""Error bodies."""

from datetime import datetime
from typing import Any

from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.moments import stamp


def error_body(error: BatchError, request_id: str, now: datetime) -> dict[str, Any]:
    """Write an error as the service does: code, message with request id and time, key and value pairs."""
    tail = f"\nRequestId:{request_id}\nTime:{stamp(now)}" if request_id else ""
    body: dict[str, Any] = {"code": error.code, "message": {"lang": "en-US", "value": error.message + tail}}
    if error.values:
        body["values"] = [{"key": key, "value": value} for key, value in error.values.items()]
    return body
