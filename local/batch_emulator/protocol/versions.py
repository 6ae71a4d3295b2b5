"""Which api-versions are answered."""

import re
from collections.abc import Mapping
from datetime import date

from local.batch_emulator.failures import BatchError

OLDEST = date(2023, 5, 1)
NEWEST = date(2026, 10, 1)
_FORM = re.compile(r"(\d{4}-\d{2}-\d{2})(\.\d+\.\d+)?(-preview)?")


def check(query: Mapping[str, str]) -> None:
    """Raise BatchError unless the request names a version from 2023-05-01.17.0 to the 2026-10-01 forms."""
    text = query.get("api-version")
    if not text:
        raise BatchError("MissingRequiredQueryParameter", QueryParameterName="api-version")
    match = _FORM.fullmatch(text)
    try:
        day = date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if day is None or not OLDEST <= day <= NEWEST:
        raise BatchError("UnsupportedRequestVersion", QueryParameterName="api-version", QueryParameterValue=text)
