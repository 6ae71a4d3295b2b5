"""How resources are written ($select) and listed ($filter, maxresults, odata.nextLink)."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.exchange import Answer, Call, tags
from local.batch_emulator.protocol.filters import parse
from local.batch_emulator.protocol.moments import format_span, stamp

T = TypeVar("T")
Properties = Mapping[str, Callable[[T, str], Any]]
"""Wire name -> value of a resource, given the base address. A value of None is left out."""
Following = Callable[[str], Iterator[tuple[str, T]]]
"""The resources that come after a mark, in order, each with its own mark; all of them after the empty mark."""

LARGEST_PAGE = 1000


def by_number(source: Callable[[int], Iterable[tuple[int, T]]]) -> Following[T]:
    """Give the pages' source for resources whose number is their mark."""

    def following(mark: str) -> Iterator[tuple[str, T]]:
        if mark and not mark.isdecimal():
            raise BatchError("InvalidQueryParameterValue", QueryParameterName="$skiptoken", QueryParameterValue=mark)
        return ((str(number), each) for number, each in source(int(mark or 0)))

    return following


def wire(value: Any) -> Any:
    """Turn moments and durations into text, at any depth."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, timedelta):
        return format_span(value)
    if isinstance(value, Mapping):
        return {name: wire(item) for name, item in value.items() if item is not None}
    return [wire(item) for item in value] if isinstance(value, list | tuple) else value


def selected(call: Call, properties: Properties[T]) -> list[str]:
    """Give the wire names to write; check $expand, of which only `stats` exists."""
    expand = call.query.get("$expand")
    if expand and set(expand.split(",")) != {"stats"}:
        raise BatchError("InvalidQueryParameterValue", QueryParameterName="$expand", QueryParameterValue=expand)
    names = [name.strip() for name in call.query.get("$select", "").split(",") if name.strip()]
    for name in names:
        if name.split("/")[0] not in properties:
            raise BatchError("InvalidQueryParameterValue", QueryParameterName="$select", QueryParameterValue=name)
    return list(dict.fromkeys(name.split("/")[0] for name in names)) or list(properties)


def written(resource: T, properties: Properties[T], names: Iterable[str], base_url: str) -> dict[str, Any]:
    """Write the named properties of one resource."""
    values = ((name, properties[name](resource, base_url)) for name in names)
    return {name: wire(value) for name, value in values if value is not None}


def one(call: Call, kind: str, resource: T, properties: Properties[T], etag: str, modified: datetime) -> Answer:
    """Answer a GET of one resource, with its conditions checked."""
    call.require(etag, modified, reading=True)
    metadata = {"odata.metadata": f"{call.base_url}/$metadata#{kind}/@Element"}
    body = metadata | written(resource, properties, selected(call, properties), call.base_url)
    return Answer(200, body, tags(etag, modified))


def _lookup(resource: T, properties: Properties[T], base_url: str) -> Callable[[str], Any]:
    def lookup(path: str) -> Any:
        first, *rest = path.split("/")
        value = properties[first](resource, base_url)
        for name in rest:
            value = value.get(name) if isinstance(value, Mapping) else None
        return value

    return lookup


def _number(call: Call, name: str, low: int, high: int, default: int) -> int:
    text = call.query.get(name)
    if not text:
        return default
    if not text.isdecimal():
        raise BatchError("InvalidQueryParameterValue", QueryParameterName=name, QueryParameterValue=text)
    if not low <= int(text) <= high:
        raise BatchError("OutOfRangeQueryParameterValue", QueryParameterName=name, QueryParameterValue=text)
    return int(text)


def _next_link(call: Call, token: str) -> str:
    query = {name: value for name, value in call.query.items() if name != "$skiptoken"}
    return f"{call.url()}?{urlencode({**query, '$skiptoken': token}, quote_via=quote, safe='$')}"


def listed(
    call: Call,
    kind: str,
    source: Following[T],
    properties: Properties[T],
    filterable: Sequence[str] | None = None,
) -> Answer:
    """Answer one page of a list. `filterable` names what $filter may use; by default every property."""
    size = _number(call, "maxresults", 1, LARGEST_PAGE, LARGEST_PAGE)
    names, text = selected(call, properties), call.query.get("$filter")
    found = source(call.query.get("$skiptoken", ""))
    if text:
        test = parse(text, filterable if filterable is not None else properties)
        found = (pair for pair in found if test(_lookup(pair[1], properties, call.base_url)))
    page = list(islice(found, size + 1))
    value = [written(resource, properties, names, call.base_url) for _, resource in page[:size]]
    body: dict[str, Any] = {"odata.metadata": f"{call.base_url}/$metadata#{kind}", "value": value}
    if len(page) > size:
        body["odata.nextLink"] = _next_link(call, page[size - 1][0])
    return Answer(200, body)
