"""Durations and moments as they travel."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.batch_emulator.protocol.moments import (
    UNLIMITED,
    format_span,
    header_date,
    parse_header_date,
    parse_span,
    parse_stamp,
    stamp,
)  # fmt: skip

SPANS = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=100_000))
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))


@given(SPANS)
def test_spans_are_read_as_they_were_written(span: timedelta) -> None:
    """Writing and reading a duration loses nothing."""
    assert parse_span(format_span(span)) == span


@given(MOMENTS)
def test_moments_are_read_as_they_were_written(moment: datetime) -> None:
    """Writing and reading a moment loses nothing in a body, and fractions of a second in a header."""
    assert parse_stamp(stamp(moment)) == moment
    assert parse_header_date(header_date(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("PT05M00S", "PT5M"),
        ("P1DT12H00M01.5S", "P1DT12H1.5S"),
        ("PT90S", "PT1M30S"),
        (UNLIMITED, UNLIMITED),
        ("PT0S", "PT0S"),
    ],
)
def test_forms_of_clients(text: str, written: str) -> None:
    """Padded and odd forms are read, and written the service's way."""
    assert format_span(parse_span(text)) == written


@pytest.mark.parametrize("text", ["P", "PT", "", "5 minutes", "PT5", "P1Y"])
def test_what_is_no_duration(text: str) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="duration"):
        parse_span(text)
