"""Spans of time as the service reads them."""

from __future__ import annotations

from datetime import timedelta
from typing import cast


def duration(span: timedelta) -> timedelta:
    """The SDK writes a zero as `P`, which no service takes; words pass through it untouched."""
    return span if span else cast(timedelta, "PT0S")


def seconds_text(span: timedelta) -> str:
    """In seconds: `PT21600S`, `PT1.5S`, `PT0S`."""
    return f"PT{f'{span.total_seconds():.6f}'.rstrip('0').rstrip('.')}S"
