"""Timer schedules: NCRONTAB with six or five fields, and spans."""

from datetime import UTC, datetime, timedelta

import pytest

from local.functions_host.errors import Refused
from local.functions_host.schedule import is_more_than_once_a_minute, read_schedule

_START = datetime(2026, 3, 4, 10, 0, 0, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "following"),
    [
        ("*/30 * * * * *", "2026-03-04 10:00:30"),
        ("0 */5 * * * *", "2026-03-04 10:05:00"),
        ("*/5 * * * *", "2026-03-04 10:05:00"),
        ("0 0 9-17/4 * * 1-5", "2026-03-04 13:00:00"),
        ("0 30 9 * Jan Mon", "2027-01-04 09:30:00"),
        ("0 0 0 1 january,MAR *", "2027-01-01 00:00:00"),
        ("5,10 0 0 * * Sunday", "2026-03-08 00:00:05"),
        ("0 0 0 13 * 5", "2026-03-13 00:00:00"),
        ("00:20:00", "2026-03-04 10:20:00"),
        ("1.00:00:00", "2026-03-05 10:00:00"),
    ],
)
def test_the_next_occurrence(text: str, following: str) -> None:
    """Seconds come first; day of month and day of week must both fit (13 March 2026 is a Friday)."""
    expected = datetime.fromisoformat(following).replace(tzinfo=UTC)
    assert read_schedule(text, "f.timer").next(_START) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "daily",
        "@hourly",
        "* * * *",
        "0 60 * * * *",
        "0 0 0 * * 7",
        "0 0 0 L * *",
        "0 0 0 ? * *",
        "0 */0 * * * *",
        "0 0 17-9 * * *",
        "0 0 0 30 2 *",
        "24:00:00",
    ],
)
def test_what_is_no_schedule_is_named(text: str) -> None:
    """The message holds the function and the text: the real host finds a bad one only when it runs."""
    with pytest.raises(Refused, match=r"f\.timer") as refusal:
        read_schedule(text, "f.timer")
    assert repr(text) in str(refusal.value)


@pytest.mark.parametrize(("text", "often"), [("*/30 * * * * *", True), ("0 * * * * *", False), ("00:00:59", True)])
def test_a_timer_that_fires_often_has_no_status(text: str, often: bool) -> None:
    """More than once a minute the host does not write its status blob."""
    assert is_more_than_once_a_minute(read_schedule(text, "f.timer"), _START) is often


def test_an_occurrence_is_later_than_its_base() -> None:
    """The second that has just fired is not found again."""
    schedule = read_schedule("* * * * * *", "f.timer")
    assert schedule.next(_START + timedelta(milliseconds=1)) == _START + timedelta(seconds=1)
    assert schedule.next(_START) == _START + timedelta(seconds=1)
