"""Values of the environment by name; what is wrong with them is collected instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class SettingReader:
    """`problems`: what was missing or wrong so far, each by its name. A wrong value is answered all the same."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def optional(self, name: str) -> str | None:
        return self.environ.get(name, "").strip() or None

    def text(self, name: str, default: str = "") -> str:
        value = self.optional(name) or default
        if not value:
            self.problems.append(f"{name} is missing")
        return value

    def address(self, name: str, *, needed: bool = False, secure: bool = False) -> str | None:
        value = self.text(name) if needed else self.optional(name)
        schemes = ("https",) if secure else ("http", "https")
        if value and (urlsplit(value).scheme not in schemes or not urlsplit(value).netloc):
            self.problems.append(f"{name} must be an address with {' or '.join(schemes)}")
        return value.rstrip("/") if value else value

    def seconds(self, name: str, default: int) -> timedelta:
        value = self.optional(name) or str(default)
        if not value.isdigit() or int(value) < 1:
            self.problems.append(f"{name} must be a whole number of seconds from 1 on, not {value!r}")
            return timedelta(seconds=default)
        return timedelta(seconds=int(value))

    def yes(self, name: str) -> bool:
        value = (self.optional(name) or "false").lower()
        if value not in ("true", "false"):
            self.problems.append(f"{name} must be true or false, not {value!r}")
        return value == "true"

    def resource(self, name: str, read: Callable[[str], T], form: str) -> T | None:
        """What `read` makes of a resource's ARM id; None and a problem where it makes nothing of it."""
        value = self.optional(name)
        found = read(value) if value else None
        if value and not found:
            self.problems.append(f"{name} must be the id of a resource: {form}")
        return found or None
