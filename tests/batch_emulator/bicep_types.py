"""Azure's published resource types that lie beside the checkout, and a check of values against them."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "azure-types"
# Answered by the service and not in the types of resources, which describe what templates deploy.
_HEADERS = frozenset({"apiVersion"})
_PLAIN = {"StringType": str, "IntegerType": int, "BooleanType": bool, "AnyType": object}


class Types:
    """The types of one provider and version."""

    def __init__(self, name: str) -> None:
        """Skip the test where the types are not at hand."""
        file = FOLDER / name / "types.json"
        if not file.is_file():
            pytest.skip(f"no published types at {file}")
        self._types = json.loads(file.read_text())

    def faults(self, name: str, value: Any) -> list[str]:
        """Give what is wrong with a value of an object type."""
        found = next(each for each in self._types if each.get("name") == name and each["$type"] == "ObjectType")
        return list(self._object(found, value, name.rpartition("/")[2]))

    def _check(self, reference: Any, value: Any, where: str) -> Iterable[str]:
        kind = self._types[int(reference["$ref"][2:])]
        checks = {"ObjectType": self._object, "ArrayType": self._array, "UnionType": self._union}
        yield from checks.get(kind["$type"], self._plain)(kind, value, where)

    def _array(self, kind: Any, value: Any, where: str) -> Iterable[str]:
        if not isinstance(value, list):
            yield f"{where}: {value!r} is no list"
            return
        for index, each in enumerate(value):
            yield from self._check(kind["itemType"], each, f"{where}[{index}]")

    def _union(self, kind: Any, value: Any, where: str) -> Iterable[str]:
        if all(list(self._check(each, value, where)) for each in kind["elements"]):
            yield f"{where}: {value!r} is none of its words"

    def _plain(self, kind: Any, value: Any, where: str) -> Iterable[str]:
        if kind["$type"] == "StringLiteralType":
            if value != kind["value"]:
                yield f"{where}: {value!r} is not {kind['value']}"
        elif not isinstance(value, _PLAIN[kind["$type"]]):
            yield f"{where}: {value!r} is no {kind['$type']}"

    def _object(self, kind: Any, value: Any, where: str) -> Iterable[str]:
        if not isinstance(value, dict):
            yield f"{where}: {value!r} is no object"
            return
        known = kind["properties"]
        for name, each in known.items():
            if each["flags"] & 1 and name not in value and name not in _HEADERS:
                yield f"{where}: {name} is missing"
        for name, item in value.items():
            further = known[name]["type"] if name in known else kind.get("additionalProperties")
            if further is None:
                yield f"{where}: {name} is unknown"
            else:
                yield from self._check(further, item, f"{where}.{name}")
