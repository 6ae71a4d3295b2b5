"""Log lines: an event in words, then key=value fields; the job's id is bound once per pass. Never a secret.

The Functions host keeps only the message of a record, so the fields are part of the message.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.veil import VEIL

_JOB: ContextVar[str | None] = ContextVar("job", default=None)
_PLAIN = re.compile(r"[^\s\"=]+")


@contextmanager
def about(job_id: str) -> Iterator[None]:
    """Every line inside the block carries this job's id."""
    token = _JOB.set(job_id)
    try:
        yield
    finally:
        _JOB.reset(token)


def note(logger: logging.Logger, event: str, /, level: int = logging.INFO, **fields: object) -> None:
    """Log `event`; fields that are None are left out."""
    if logger.isEnabledFor(level):
        logger.log(level, "%s", line(event, **fields))


def broken(logger: logging.Logger, event: str, /, **fields: object) -> None:
    """Log the exception that is being handled, with its way here: other programs' errors hold what they were given."""
    logger.error("%s\n%s", line(event, **fields), VEIL.over(traceback.format_exc()))


def line(event: str, /, **fields: object) -> str:
    """`event job=... key=value`; values with spaces are quoted as JSON; what is secret is struck out."""
    known = {"job": _JOB.get(), **fields}
    words = [f"{name}={_shown(value)}" for name, value in known.items() if value is not None]
    return VEIL.over(" ".join([event, *words]))


def quiet_sdks() -> None:
    """The SDKs log every request at INFO: keep their warnings only."""
    for name in ("azure", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)
