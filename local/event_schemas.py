"""What a batch of events must look like: the Event Grid schema and CloudEvents 1.0, told apart by content type."""

import json
from dataclasses import dataclass
from typing import Any

EVENT_GRID = "application/json"
CLOUD_BATCH = "application/cloudevents-batch+json"
CLOUD_ONE = "application/cloudevents+json"
LARGEST_BATCH = 1024 * 1024

_NEEDED = {
    EVENT_GRID: ("id", "subject", "eventType", "eventTime", "dataVersion", "data"),
    CLOUD_BATCH: ("id", "source", "type", "specversion"),
}

Event = dict[str, Any]


class BadBatch(Exception):
    """A request that a topic refuses, with its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Batch:
    """Events of one schema; `schema` is the content type in which they are delivered, too."""

    schema: str
    events: tuple[Event, ...]


def read_batch(content_type: str, body: bytes, topic: str) -> Batch:
    """The events of a request, each checked; those in the Event Grid schema get the topic's name. Raises BadBatch."""
    if len(body) > LARGEST_BATCH:
        raise BadBatch(413, f"a batch holds at most {LARGEST_BATCH} bytes; this one has {len(body)}")
    kind = content_type.partition(";")[0].strip().lower()
    schema = CLOUD_BATCH if kind == CLOUD_ONE else kind
    if schema not in _NEEDED:
        raise BadBatch(415, f"content type {content_type!r} is none of {EVENT_GRID}, {CLOUD_ONE}, {CLOUD_BATCH}")
    events = _events(body, alone=kind == CLOUD_ONE)
    for position, event in enumerate(events):
        _check(schema, position, event)
    if schema == EVENT_GRID:
        events = [{**event, "topic": topic, "metadataVersion": "1"} for event in events]
    return Batch(schema, tuple(events))


def _events(body: bytes, *, alone: bool) -> list[Event]:
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise BadBatch(400, f"the body is no JSON: {error}") from error
    events = [parsed] if alone else parsed
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise BadBatch(400, "the body is no list of event objects")
    return events


def _check(schema: str, position: int, event: Event) -> None:
    missing = [field for field in _NEEDED[schema] if field not in event]
    if missing:
        raise BadBatch(400, f"event {position} has no {', '.join(missing)}")
    if schema == CLOUD_BATCH and event["specversion"] != "1.0":
        raise BadBatch(400, f"event {position}: specversion is {event['specversion']!r}, not '1.0'")
