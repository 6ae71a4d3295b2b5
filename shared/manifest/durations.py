"""A span of time as people write it in a manifest."""

from __future__ import annotations

from datetime import timedelta


def iso(span: timedelta) -> str:
    """`P2D`, `PT1H30M`, `PT0S`: ISO 8601, days only where nothing smaller is left over."""
    if span and not span % timedelta(days=1):
        return f"P{span.days}D"
    minutes, seconds = divmod(span.total_seconds(), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = (f"{hours}H" if hours else "", f"{minutes}M" if minutes else "", f"{seconds:g}S" if seconds else "")
    return "PT" + ("".join(parts) or "0S")
