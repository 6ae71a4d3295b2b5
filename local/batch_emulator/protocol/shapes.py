"""Checks for request bodies: which properties, which types, which limits."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from local.batch_emulator.failures import BatchError, bad_value, missing, not_built
from local.batch_emulator.protocol.moments import LONGEST, parse_span

Check = Callable[[str, Any], None]
"""Raises BatchError unless the value of the property of this name is right."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def text(limit: int | None = None, least: int = 0) -> Check:
    """Accept a string of so many characters."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, str):
            raise bad_value(name, value, "must be a string")
        if len(value) < least or (limit is not None and len(value) > limit):
            raise bad_value(name, value, f"must have {least} to {limit or 'any number of'} characters")

    return check


def identifier(name: str, value: Any) -> None:
    """Accept an id: 1 to 64 letters, digits, hyphens and underscores."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise bad_value(name, value, "must be 1 to 64 letters, digits, hyphens or underscores")


def number(low: int | None = None, high: int | None = None) -> Check:
    """Accept an integer in a range."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise bad_value(name, value, "must be an integer")
        if (low is not None and value < low) or (high is not None and value > high):
            raise bad_value(name, value, f"must be from {low} to {high}")

    return check


def seconds(name: str, value: Any) -> None:
    """Accept a number of seconds, whole or not."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise bad_value(name, value, "must be a number of seconds")


def flag(name: str, value: Any) -> None:
    """Accept true or false."""
    if not isinstance(value, bool):
        raise bad_value(name, value, "must be true or false")


def span(low: timedelta = timedelta(0), high: timedelta = LONGEST) -> Check:
    """Accept an ISO 8601 duration in a range."""

    def check(name: str, value: Any) -> None:
        try:
            found = parse_span(value)
        except (ValueError, TypeError) as error:
            raise bad_value(name, value, "must be an ISO 8601 duration") from error
        if not low <= found <= high:
            raise bad_value(name, value, f"must be from {low} to {high}")

    return check


def choice(*names: str) -> Check:
    """Accept one of these names, in any case."""
    known = frozenset(names) | {each.lower() for each in names}

    def check(name: str, value: Any) -> None:
        if not isinstance(value, str) or (value not in known and value.lower() not in known):
            raise bad_value(name, value, "must be one of " + ", ".join(names))

    return check


def many(item: Check, limit: int | None = None) -> Check:
    """Accept a list of such items."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, list):
            raise bad_value(name, value, "must be a list")
        if limit is not None and len(value) > limit:
            raise bad_value(name, len(value), f"must have at most {limit} items")
        for index, each in enumerate(value):
            item(f"{name}[{index}]", each)

    return check


def anything(_name: str, _value: Any) -> None:
    """Accept what is only stored and shown again."""


def object_of(name: str, value: Any) -> None:
    """Accept any object; it is only stored and shown again."""
    if not isinstance(value, dict):
        raise bad_value(name, value, "must be an object")


def unbuilt(name: str, value: Any) -> None:
    """Refuse by name what the service carries out and this emulator does not; empty and false values pass."""
    if value:
        raise not_built(f"the property {name}")


def _check_foreign(prefix: str, key: str) -> None:
    if not key.startswith("odata."):
        raise BatchError("InvalidRequestBody", Reason=f"The property {prefix}{key} does not exist here.")


def record(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """Accept an object with these properties and no others. A null value counts as absent."""
    known = {**required, **optional}

    def check(name: str, value: Any) -> None:
        object_of(name, value)
        prefix = f"{name}." if name else ""
        for key, item in value.items():
            rule = known.get(key)
            if rule is None:
                _check_foreign(prefix, key)
            elif item is not None:
                rule(prefix + key, item)
        for key in required:
            if value.get(key) is None:
                raise missing(prefix + key)

    return check


def without_nulls(value: Any) -> Any:
    """Drop null properties at any depth, which mean the same as absent ones."""
    if isinstance(value, dict):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value
