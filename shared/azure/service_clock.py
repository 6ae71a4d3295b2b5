"""What time it is at the service, by the Date header of an answer."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from shared.azure.batch_door import BatchDoor
from shared.errors import Defect

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineResponse
    from azure.core.rest import HttpRequest, HttpResponse


def service_time(door: BatchDoor) -> datetime:
    """By the cheapest question there is. Raises Defect where an answer has no date, which HTTP asks of every server."""
    heard: list[str | None] = []

    def hear(response: PipelineResponse[HttpRequest, HttpResponse]) -> None:
        heard.append(response.http_response.headers.get("Date"))

    door.get(
        "the service's clock",
        lambda client: next(iter(client.list_pools(max_results=1, select=["id"], raw_response_hook=hear)), None),
    )
    date = heard[-1] if heard else None
    if date is None:
        raise Defect("the Batch service answered without a Date header")
    return parsedate_to_datetime(date).astimezone(UTC)
