"""Application settings: the environment, after local.settings.json has filled the gaps in it."""

import json
import os
import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from local.functions_host.errors import Refused

_NAME = re.compile(r"%([^%\s]+)%")
_TRUE = {"1", "true"}
_SECTIONS = {"IsEncrypted", "Values", "Host"}
_HOST_KEYS = {"LocalHttpPort"}  # the port of this host comes from --port


def read_local_settings(path: Path) -> dict[str, str]:
    """`Values` of a local.settings.json; Refused when the file holds anything this host would have to ignore."""
    document = _document(path)
    unknown = sorted(set(document) - _SECTIONS)
    unknown += sorted(f"Host.{key}" for key in set(document.get("Host", {})) - _HOST_KEYS)
    if unknown:
        raise Refused(f"{path}: {', '.join(unknown)} is not supported by the local functions host; remove it")
    if document.get("IsEncrypted"):
        raise Refused(f"{path}: IsEncrypted is true; run 'func settings decrypt' first")
    values: dict[str, Any] = document.get("Values", {})
    wrong = sorted(name for name, value in values.items() if not isinstance(value, str))
    if wrong:
        raise Refused(f"{path}: Values.{', Values.'.join(wrong)} must be strings")
    return values


def _document(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise Refused(f"{path}: is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise Refused(f"{path}: must hold a JSON object")
    return document


def fill_environment(values: Mapping[str, str], environment: MutableMapping[str, str] = os.environ) -> None:
    """Set what is not set yet: a variable of the caller's shell wins over the file, as with Core Tools."""
    for name, value in values.items():
        environment.setdefault(name, value)


class Settings:
    """Read access to the application settings."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def get(self, name: str) -> str | None:
        """The value, or None when it is absent or empty."""
        return self._values.get(name) or None

    def names(self) -> list[str]:
        """Every setting's name."""
        return list(self._values)

    def resolve(self, text: str, where: str) -> str:
        """The text with each `%NAME%` replaced by that setting; Refused, naming `where`, when one is missing."""

        def value(match: re.Match[str]) -> str:
            found = self.get(match.group(1))
            if found is None:
                raise Refused(f"{where}: %{match.group(1)}% has no value; add the setting {match.group(1)}")
            return found

        return _NAME.sub(value, text)

    def is_disabled(self, function: str) -> bool:
        """Whether `AzureWebJobs.<function>.Disabled` (or its form with underscores) is true."""
        names = (f"AzureWebJobs.{function}.Disabled", f"AzureWebJobs_{function}_Disabled")
        return any((self.get(name) or "").lower() in _TRUE for name in names)
