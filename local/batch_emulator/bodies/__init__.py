"""The bodies of requests: what each operation takes, and which parts are refused because nothing carries them out."""

from functools import lru_cache

from local.batch_emulator.protocol.exchange import Call
from local.batch_emulator.protocol.moments import format_span, parse_span
from local.batch_emulator.protocol.shapes import Check
from local.batch_emulator.state import Wire

_SPANS = {"maxWallClockTime", "retentionTime", "autoScaleEvaluationInterval", "resizeTimeout"}


@lru_cache(maxsize=1024)
def _span(text: str) -> str:
    return format_span(parse_span(text))


def normal(body: Wire) -> Wire:
    """A body without its nulls, which mean the same as absent ones, and with each duration written the service's way:
    `PT5M` for `PT05M00S`. In one go: a collection of tasks has thousands of values."""
    found: Wire = {}
    for key, value in body.items():
        if isinstance(value, dict):
            found[key] = normal(value)
        elif isinstance(value, list):
            found[key] = [normal(each) if isinstance(each, dict) else each for each in value]
        elif value is not None:
            found[key] = _span(value) if key in _SPANS else value
    return found


def read(call: Call, shape: Check) -> Wire:
    """Give the request's body once it has this shape; without nulls, durations in the service's form."""
    body = call.json()
    shape("", body)
    return normal(body)


def read_if_any(call: Call, shape: Check) -> Wire:
    """Give the request's body, or an empty one when there is none."""
    return read(call, shape) if call.body.strip() else {}
