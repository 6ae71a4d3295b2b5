"""One trigger or output binding of a function, as the app declares it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.functions_host.errors import Refused
from local.functions_host.settings import Settings

TRIGGERS = ("blobTrigger", "eventGridTrigger", "httpTrigger", "queueTrigger", "timerTrigger")
OUTPUTS = ("blob", "http", "queue")
# `connection` names a setting; `name` is a parameter of the function: neither is an expression.
_NOT_RESOLVED = ("type", "name", "direction", "connection")


@dataclass(frozen=True)
class Binding:
    """One binding of a function, its `%SETTING%`s resolved; properties are named as in function.json."""

    function: str
    type: str
    name: str
    is_output: bool
    properties: Mapping[str, Any]

    @property
    def where(self) -> str:
        """Function and parameter, for messages."""
        return f"{self.function}.{self.name}"

    def text(self, key: str) -> str:
        """A string property; empty when absent."""
        return str(self.properties.get(key) or "")

    def required(self, key: str) -> str:
        """A string property that may not be empty."""
        if not self.text(key):
            raise Refused(f"{self.where}: {key} is empty")
        return self.text(key)

    def flag(self, key: str, default: bool) -> bool:
        """A boolean property."""
        value = self.properties.get(key)
        return default if value is None else bool(value)


def read_binding(raw: Mapping[str, Any], function: str, settings: Settings) -> Binding:
    """A binding from its function.json form; Refused when this host has nothing behind its type."""
    is_output = raw["direction"] == "OUT"
    known = raw["type"] in (OUTPUTS if is_output else TRIGGERS)
    if not known or (raw["type"] == "http" and raw["name"] != "$return"):
        raise Refused(
            f"{function}: the {'output' if is_output else 'input'} binding {raw['name']} of type {raw['type']} is not "
            f"supported by the local functions host; disable the function with AzureWebJobs.{function}.Disabled=true"
        )
    return Binding(function, raw["type"], raw["name"], is_output, _resolved(raw, function, settings))


def _resolved(raw: Mapping[str, Any], function: str, settings: Settings) -> dict[str, Any]:
    return {
        key: settings.resolve(value, f"{function}.{raw['name']}: {key}")
        if isinstance(value, str) and key not in _NOT_RESOLVED
        else value
        for key, value in raw.items()
    }
