"""If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since against one resource."""

from collections.abc import Mapping
from datetime import datetime

from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.moments import parse_header_date


def _moment(headers: Mapping[str, str], name: str) -> datetime | None:
    text = headers.get(name)
    if not text:
        return None
    try:
        return parse_header_date(text)
    except (ValueError, TypeError) as error:
        raise BatchError("InvalidHeaderValue", HeaderName=name, HeaderValue=text) from error


def _holds_tag(given: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")}
    return "*" in tags or etag in tags


def check(headers: Mapping[str, str], etag: str, modified: datetime, *, reading: bool) -> None:
    """Raise ConditionNotMet: 304 when a read has nothing newer to give, else 412."""
    match, none_match = headers.get("If-Match"), headers.get("If-None-Match")
    since, until = _moment(headers, "If-Modified-Since"), _moment(headers, "If-Unmodified-Since")
    whole = modified.replace(microsecond=0)
    if (match and not _holds_tag(match, etag)) or (until and whole > until):
        raise BatchError("ConditionNotMet")
    if (none_match and _holds_tag(none_match, etag)) or (since and whole <= since):
        raise BatchError("ConditionNotMet", status=304 if reading else 412)
