"""The bodies of requests: what each operation takes, and which parts are refused because nothing carries them out."""

from typing import Any

from local.batch_emulator.protocol.exchange import Call
from local.batch_emulator.protocol.moments import format_span, parse_span
from local.batch_emulator.protocol.shapes import Check, without_nulls
from local.batch_emulator.state import Wire

_SPANS = {"maxWallClockTime", "retentionTime", "autoScaleEvaluationInterval", "resizeTimeout"}


def normal(value: Any, name: str = "") -> Any:
    """Write every duration of a body the service's way: `PT5M` for `PT05M00S`."""
    if isinstance(value, dict):
        return {key: normal(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    return format_span(parse_span(value)) if name in _SPANS else value


def read(call: Call, shape: Check) -> Wire:
    """Give the request's body once it has this shape; without nulls, durations in the service's form."""
    body = call.json()
    shape("", body)
    found: Wire = normal(without_nulls(body))
    return found


def read_if_any(call: Call, shape: Check) -> Wire:
    """Give the request's body, or an empty one when there is none."""
    return read(call, shape) if call.body.strip() else {}
