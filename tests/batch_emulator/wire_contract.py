"""The description of the Batch API that lies beside the checkout, and a check of values against its schemas."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.batch_emulator.protocol.moments import parse_span, parse_stamp

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "batch-api"
OFFICIAL = FOLDER / "2024-02-01.19.0-preview"
# Version of the official description -> what the newer service answers beyond it.
NEWER = {"containerHostBatchBindMounts", "jobDefaultOrder", "deallocated", "deallocating", "ipv6Address"}
_TYPES: Mapping[str, Any] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "array": list,
    "object": dict,
}


def read(path: Path) -> Any:
    """Give the content of a JSON file."""
    return json.loads(path.read_text())


class Schemas:
    """The definitions of a swagger file."""

    def __init__(self, swagger: Mapping[str, Any]) -> None:
        self._definitions = swagger["definitions"]

    def resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references."""
        while "$ref" in schema or "allOf" in schema:
            reference = schema.get("$ref") or schema["allOf"][0]["$ref"]
            schema = self._definitions[reference.rsplit("/", 1)[1]]
        return schema

    def faults(self, schema: Mapping[str, Any], value: Any, where: str = "") -> list[str]:
        """Give what is wrong with a value: unknown or missing properties, types, enums, formats."""
        schema = self.resolve(schema)
        kind = schema.get("type", "object")
        if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
            return [f"{where}: {value!r} is no {kind}"]
        if kind == "array":
            return [
                fault for i, item in enumerate(value) for fault in self.faults(schema["items"], item, f"{where}[{i}]")
            ]
        if kind == "object":
            return self._object(schema, value, where)
        return self._text(schema, value, where) if kind == "string" else []

    def _object(self, schema: Mapping[str, Any], value: Mapping[str, Any], where: str) -> list[str]:
        known = schema.get("properties", {})
        found = [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name.startswith("odata.") or name in NEWER:
                continue
            if name not in known:
                found.append(f"{where}: {name} is unknown")
            else:
                found += self.faults(known[name], item, f"{where}.{name}")
        return found

    def _text(self, schema: Mapping[str, Any], value: str, where: str) -> list[str]:
        if "enum" in schema and value.lower() not in [name.lower() for name in schema["enum"]]:
            return [f"{where}: {value!r} is none of {schema['enum']}"]
        parsers = {"date-time": parse_stamp, "duration": parse_span}
        try:
            parsers.get(schema.get("format", ""), str)(value)
        except ValueError as error:
            return [f"{where}: {error}"]
        return []
