"""Log lines: readable, greppable by job, free of secrets."""

from __future__ import annotations

import logging

import pytest

from shared.logs import about, line, note, quiet_sdks


def test_fields_and_job() -> None:
    """Every line of a pass carries its job; values with spaces are quoted, absent ones left out."""
    with about("bd-a"):
        found = line("pass ended", actions=3, why="two words", path=None)
    assert found == 'pass ended job=bd-a actions=3 why="two words"'
    assert line("tick") == "tick"


def test_jobs_do_not_leak_into_each_other() -> None:
    """A job bound inside another is unbound again."""
    with about("bd-a"):
        with about("bd-b"):
            assert "bd-b" in line("x")
        assert "bd-a" in line("x")


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("https://w/c/b?si=batchdrop&sig=abc%2Bdef%3D&sv=1", "abc%2Bdef"),
        ("DefaultEndpointsProtocol=https;AccountKey=QUJD/+==;EndpointSuffix=x", "QUJD"),
        ("Authorization: SharedKey acct:QUJDRA==", "QUJDRA"),
        ("Authorization: Bearer eyJhbGciOi.x.y", "eyJhbGciOi"),
    ],
)
def test_signatures_and_keys_are_struck_out(value: str, secret: str) -> None:
    """Whatever ends up in a field, no signature, key or token is logged."""
    assert secret not in line("x", url=value)


def test_note_goes_through_logging(caplog: pytest.LogCaptureFixture) -> None:
    """A note is a log record of its logger and level, its fields in the message."""
    logger = logging.getLogger("batchdrop.test")
    with caplog.at_level(logging.INFO, "batchdrop.test"), about("bd-a"):
        note(logger, "claimed", etag="0x1")
        note(logger, "lost", level=logging.DEBUG)
    assert [(each.levelno, each.getMessage()) for each in caplog.records] == [
        (logging.INFO, "claimed job=bd-a etag=0x1")
    ]


def test_sdks_are_quiet() -> None:
    """The SDKs' line for each request is not logged."""
    quiet_sdks()
    assert not logging.getLogger("azure.core.pipeline.policies.http_logging_policy").isEnabledFor(logging.INFO)
