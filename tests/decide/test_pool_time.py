"""When the pool is asked for while the input is still being split."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from controller.rules.starting import wants_pool
from shared.manifest.models import Input, Split
from shared.record import InputFact, SplitCursor
from tests.builders import a_manifest, a_record

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
GIB = 2**30
COUNTED, CUT = {"units_per_task": 100}, {"tasks": 2000}


def asked(size: int, split: dict[str, Any], offset: int = 0, **fact: Any) -> bool:
    manifest = a_manifest(
        input=Input(kind="blob", blob="data/in.txt"), split=Split.model_validate({"by": "lines", **split})
    )
    source = InputFact(at=NOW, blobs=1, bytes=size, etag="0x1", **{"tasks": split.get("tasks"), **fact})
    return wants_pool(a_record(manifest, input=source, split=SplitCursor(offset=offset)))


@pytest.mark.parametrize(
    ("size", "split", "fact", "expected"),
    [
        (10 * GIB, COUNTED, {}, True),
        (50 * GIB, COUNTED, {}, False),
        (50 * GIB, CUT, {}, True),
        (50 * GIB, {"tasks": 1_000_000}, {}, False),
        (50 * GIB, {"bytes_per_task": GIB}, {"bytes_per_task": GIB, "tasks": 50}, True),
        (1000 * GIB, CUT, {}, False),
        (10 * GIB, CUT, {"packed": "gzip", "bytes_per_task": GIB // 50}, False),
        (2 * GIB, CUT, {"packed": "gzip", "text": 8 * GIB}, True),
        (10 * GIB, COUNTED, {"packed": "gzip"}, False),
    ],
)
def test_nodes_do_not_wait_for_a_long_split(
    size: int, split: dict[str, Any], fact: dict[str, Any], expected: bool
) -> None:
    """A split by small reads is quick at sizes where one that reads all is not; packed data counts as what it holds."""
    assert asked(size, split, **fact) is expected


def test_half_done_is_soon_enough() -> None:
    """However long the rest takes, nodes start while the second half is split."""
    assert not asked(100 * GIB, COUNTED, offset=50 * GIB - 1)
    assert asked(100 * GIB, COUNTED, offset=50 * GIB)
