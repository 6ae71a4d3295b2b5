"""`@app.retry`: how often and after which pause a failed invocation runs again, in this process."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.functions_host.errors import Refused
from local.functions_host.timespan import seconds

FOREVER = -1


@dataclass(frozen=True)
class RetryPolicy:
    """Pauses in seconds; equal ones for fixed_delay."""

    max_retry_count: int
    first_pause: float
    longest_pause: float

    def allows(self, retries: int) -> bool:
        """Whether a run that was repeated `retries` times may be repeated once more."""
        return self.max_retry_count == FOREVER or retries < self.max_retry_count

    def pause(self, retries: int) -> float:
        """Seconds before the next try, after `retries` repeats."""
        return min(self.longest_pause, self.first_pause * 2.0 ** min(retries, 60))


def read_policy(raw: Mapping[str, Any] | None, function: str) -> RetryPolicy | None:
    """The policy of a function, or None; Refused when the host would not start with it."""
    if raw is None:
        return None
    try:
        count = int(raw.get("max_retry_count") or "")
    except ValueError as error:
        raise Refused(f"{function}: retry needs a whole number as max_retry_count") from error
    if raw.get("strategy") == "fixed_delay":
        delay = _span(raw, "delay_interval", function)
        return RetryPolicy(count, delay, delay)
    if raw.get("strategy") == "exponential_backoff":
        return RetryPolicy(count, _span(raw, "minimum_interval", function), _span(raw, "maximum_interval", function))
    raise Refused(f"{function}: retry strategy {raw.get('strategy')!r} is neither fixed_delay nor exponential_backoff")


def _span(raw: Mapping[str, Any], key: str, function: str) -> float:
    if not raw.get(key):
        raise Refused(f"{function}: retry strategy {raw['strategy']} needs {key}")
    return seconds(str(raw[key]), f"{function}: retry {key}")
