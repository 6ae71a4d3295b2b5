"""Who may call the HTTP functions: the deployment's choice, and what the platform says of itself."""

from __future__ import annotations

from dataclasses import dataclass

from shared.setting_reader import SettingReader

NAME = "BATCHDROP_HTTP_AUTH"
PLATFORM = "WEBSITE_AUTH_ENABLED"
"""App Service sets it in the process where App Service Authentication stands before it."""
_CHOICES = ("key", "entra")


@dataclass(frozen=True)
class HttpAuth:
    """`entra` False: who has a function key, which the Functions host checks before us. True: who has a role in an
    Entra application; we check it, by the header that App Service Authentication writes.
    `guarded`: that is on, and so takes the header from whoever sends one of his own.
    """

    entra: bool
    guarded: bool


def read_http_auth(reader: SettingReader) -> HttpAuth:
    """By the settings; a wrong choice is among the reader's problems."""
    choice = reader.optional(NAME) or "key"
    if choice not in _CHOICES:
        reader.problems.append(f"{NAME} must be key or entra, not {choice!r}")
    return HttpAuth(choice == "entra", (reader.optional(PLATFORM) or "").lower() in ("true", "1"))
