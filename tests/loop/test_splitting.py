"""One blob split by a whole controller, packed or not, in a store that cuts or does not; and what a dry run says."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from tests.loop.ground import Container, Ground

JOB = """
version: 1
container: {image: "localhost/tool:1", args: [$(INPUT_PATH)]}
input: {blob: data/%s}
split: %s
merge: {by: concat}
"""
TEXT = b"".join(b"line %d\n" % number for number in range(40))
TABLE = b"id,text\n" + b"".join(b"%d,word\n" % number for number in range(40))


def copy(container: Container) -> None:
    assert container.env["INPUT_PATH"].endswith((".txt", ".csv")), "what is unpacked is not called .gz"
    container.write(container.read())


def ended(ground: Ground, name: str, split: str, content: bytes) -> dict[str, Any]:
    """The status of a job that copies its input."""
    ground.put(f"data/{name}", content)
    ground.drop(JOB % (name, split))
    ground.settle(copy)
    return ground.status()


@pytest.mark.parametrize("unsupported", [False, True], ids=["cut within storage", "streamed"])
@pytest.mark.parametrize("split", ["{tasks: 4}", "{unitsPerTask: 15}", "{bytesPerTask: 64KiB}"])
def test_a_store_that_cannot_cut_gives_the_same_result(split: str, unsupported: bool) -> None:
    """The result is the input, whichever way its parts were made."""
    ground = Ground()
    ground.world.work.unsupported = unsupported
    status = ended(ground, "in.txt", split, TEXT)
    assert (status["state"], status["complete"]) == ("succeeded", True)
    assert ground.blob(status["links"]["result"]) == TEXT
    assert status["warnings"] == [w for w in status["warnings"] if w["code"] == "NO_TAG"]


@pytest.mark.parametrize("split", ["{tasks: 4}", "{unitsPerTask: 15}", "{bytesPerTask: 64KiB}"])
def test_a_packed_input_is_known_by_its_content(split: str) -> None:
    """Its name may say so or not: tasks get what it holds, the units add up, and the cost is told."""
    for name in ("in.txt.gz", "in.txt"):
        ground = Ground()
        status = ended(ground, name, split, gzip.compress(TEXT))
        assert (status["state"], status["complete"]) == ("succeeded", True)
        assert ground.blob(status["links"]["result"]) == TEXT
        assert status["units"]["merged"] == (40 if "units" in split else len(TEXT))
        (warning,) = (w for w in status["warnings"] if w["code"] == "GZIP")
        assert "unpacked" in warning["message"]


def test_a_packed_input_that_was_cut_off_fails_before_any_task() -> None:
    """The reason is named; nothing has run, and nothing is left."""
    ground = Ground()
    status = ended(ground, "in.txt.gz", "{unitsPerTask: 5}", gzip.compress(TEXT)[:-9])
    assert (status["state"], status["failure"]["code"]) == ("failed", "SPLIT")
    assert "gzip data that ends too early" in status["failure"]["message"]
    assert status["attempts"]["runs"] == 0
    assert ground.left() == []


def test_a_name_that_ends_in_gz_does_not_make_it_packed() -> None:
    """Plain text called .gz is plain text."""
    ground = Ground()
    status = ended(ground, "in.csv.gz", "{unitsPerTask: 15}", TABLE)
    assert status["state"] == "succeeded"
    assert [w for w in status["warnings"] if w["code"] == "GZIP"] == []


# ---------------------------------------------------------------------------------- the plan of a dry run


def plan(name: str, split: str, content: bytes | None) -> dict[str, Any]:
    ground = Ground()
    if content is not None:
        ground.put(f"data/{name}", content)
    ground.drop(JOB % (name, split) + "dryRun: true\n")
    status = ground.status()
    assert status["state"] == "accepted", status["problems"]
    return dict(status["plan"])


@pytest.mark.parametrize(
    ("name", "split", "content", "whole", "units"),
    [
        ("in.txt", "{tasks: 4}", TEXT, False, len(TEXT)),
        ("in.txt", "{bytesPerTask: 64KiB}", TEXT, False, len(TEXT)),
        ("in.txt", "{unitsPerTask: 4}", TEXT, True, None),
        ("in.txt", "{tasks: 4}", gzip.compress(TEXT), True, None),
        ("in.csv", "{tasks: 4}", TABLE, True, None),
        ("in.csv", "{tasks: 4, csv: {quotedNewlines: false}}", TABLE, False, len(TABLE) - len("id,text\n")),
        ("in.json", "{tasks: 4}", b"[1,2]", True, None),
        ("in.fa", "{tasks: 4}", b">a\nA\n", False, 5),
        ("in.bin", "{by: bytes, unitsPerTask: 4}", b"abcd", False, None),
        ("in.txt", "{tasks: 4}", None, False, None),
    ],
)
def test_a_dry_run_says_whether_all_bytes_are_read(
    name: str, split: str, content: bytes | None, whole: bool, units: int | None
) -> None:
    """By format, by sizing, and by what the blob holds; units where they are known without reading it all."""
    told = plan(name, split, content)
    assert (told["readsWholeInput"], told["units"]) == (whole, units)
    assert told["bytes"] == (None if content is None else len(content))


def test_a_dry_run_of_what_cannot_be_split_is_rejected() -> None:
    """UTF-16 is seen in the first bytes: the answer comes now, and not from a failed job."""
    ground = Ground()
    ground.put("data/in.txt", "text".encode("utf-16"))
    ground.drop(JOB % ("in.txt", "{tasks: 4}") + "dryRun: true\n")
    status = ground.status()
    assert status["state"] == "rejected"
    assert "UTF-16" in status["problems"][0]["message"]
