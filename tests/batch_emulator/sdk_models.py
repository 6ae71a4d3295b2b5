"""The SDK's own models as a description of the wire: every name, type and word of a body is held against them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from azure.batch import BatchClient, models
from azure.batch._utils.model_base import Model

from local.batch_emulator.protocol.moments import parse_span, parse_stamp

_NAMES = vars(models) | {"_models": models, "datetime": __import__("datetime")}
_PLAIN: Mapping[type, Any] = {str: str, bool: bool, int: int, float: (int, float), bytes: str}
# Typed as if they were always there, and described as absent at times.
_AT_TIMES = {("BatchNode", "lastBootTime")}
_PARSERS = {datetime: parse_stamp, timedelta: parse_span}


def request_model(operation: str) -> type[Model] | None:
    """What the SDK sends as the body of an operation (a name of the emulator's routes)."""
    for parameter in inspect.signature(_method(operation)).parameters.values():
        for kind in (parameter.annotation, *get_args(parameter.annotation)):
            if isinstance(kind, type) and issubclass(kind, Model):
                return kind
    return None


def answer_model(operation: str) -> Any:
    """What the SDK reads an answer as: a model, a list of models, or None for answers without a body of JSON."""
    said = inspect.signature(_method(operation)).return_annotation
    if isinstance(said, type) and issubclass(said, Model):
        return said
    inner = get_args(said)
    named = str(getattr(inner[0], "__forward_arg__", inner[0])) if inner else ""
    return getattr(models, named.removeprefix("_models.")) if named.startswith("_models.") else None


def faults(model: type[Model], value: Any, *, sent: bool, whole: bool = True) -> list[str]:
    """What is wrong with a body: unknown names, types, words.

    `sent`: nothing read-only may be in it. `whole`: nothing that is always there may be missing.
    """
    return [fault for fault in _object(model, value, sent, model.__name__) if whole or not fault.endswith("is missing")]


def _method(operation: str) -> Any:
    return getattr(BatchClient, operation, None) or getattr(BatchClient, f"_{operation}_internal")


def _object(model: type[Model], value: Any, sent: bool, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: {value!r} is no object"
        return
    model({})  # fills in the table of fields
    hints = get_type_hints(model, _NAMES)
    known = {str(field._rest_name): (field, hints[name]) for name, field in model._attr_to_rest_field.items()}
    for name, item in value.items():
        if name not in known:
            yield f"{where}: {name} is unknown"
            continue
        field, hint = known[name]
        if sent and field._visibility == ["read"]:
            yield f"{where}: {name} is read-only"
        if field._format == "str" and isinstance(item, str) and item.isdecimal():
            continue
        yield from _value(hint, item, sent, f"{where}.{name}")
    for name, (field, hint) in known.items():
        spared = NoneType in get_args(hint) or (model.__name__, name) in _AT_TIMES
        if name not in value and not spared and not (sent and field._visibility == ["read"]):
            yield f"{where}: {name} is missing"


def _value(hint: Any, value: Any, sent: bool, where: str) -> Iterator[str]:
    if get_origin(hint) in (Union, UnionType):
        yield from _one_of([kind for kind in get_args(hint) if kind is not NoneType], value, sent, where)
    elif get_origin(hint) is list:
        if not isinstance(value, list):
            yield f"{where}: {value!r} is no list"
            return
        for number, each in enumerate(value):
            yield from _value(get_args(hint)[0], each, sent, f"{where}[{number}]")
    elif isinstance(hint, type) and issubclass(hint, Model):
        yield from _object(hint, value, sent, where)
    elif isinstance(hint, type) and issubclass(hint, Enum):
        if value not in [word.value for word in hint]:
            yield f"{where}: {value!r} is no {hint.__name__}"
    else:
        yield from _plain(hint, value, where)


def _one_of(kinds: list[Any], value: Any, sent: bool, where: str) -> Iterator[str]:
    """A word of an enum is written `str | Enum` in the SDK; there the enum counts."""
    words = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum)]
    found = [list(_value(kind, value, sent, where)) for kind in words or kinds]
    if all(found):
        yield from found[0]


def _plain(hint: Any, value: Any, where: str) -> Iterator[str]:
    if hint in _PARSERS:
        try:
            _PARSERS[hint](value)
        except (ValueError, TypeError, AttributeError) as error:
            yield f"{where}: {error}"
    elif hint in _PLAIN:
        if not isinstance(value, _PLAIN[hint]) or (isinstance(value, bool) and hint is not bool):
            yield f"{where}: {value!r} is no {hint.__name__}"
    elif get_origin(hint) is dict:
        if not isinstance(value, dict):
            yield f"{where}: {value!r} is no object"
    else:
        raise TypeError(f"{where}: the SDK has a type that is not known here: {hint}")
