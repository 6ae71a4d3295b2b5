"""One blob of each format, through the whole controller: what tasks get, and what becomes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.loop.ground import Container, Ground

JOB = "version: 1\ncontainer: {image: 'localhost/tool:1', args: [$(INPUT_PATH)]}\ninput: {blob: data/in%s}\nsplit: %s\n"
MARK = b"\xef\xbb\xbf"
TABLE = b'id,text\r\n1,"a\r\nb"\r\n2,\r\n3,"say ""x"""\r\n4,c,d\r\n5,e'
ARRAY = [{"id": number, "text": "a],[b"} for number in range(7)]
DOCUMENT = json.dumps({"meta": {"rows": []}, "rows": ARRAY, "more": 1}).encode()
FASTA = b">a\nACGT\nAC\n>b\n>c\nGT\n"
FASTQ = b"@a\nACGT\n+\n@@@@\n@b\nA\n+\nI\n@c\nAC\n+\nII"
CASES: dict[str, tuple[str, str, bytes, str, int, bytes]] = {
    # name: extension, split, content, kind, units, result
    "csv": (".csv", "{unitsPerTask: 2}", MARK + TABLE, "csv rows", 5, TABLE + b"\n"),
    "csv by tasks": (".csv", "{tasks: 3}", TABLE, "csv rows", 5, TABLE + b"\n"),
    "tsv": (
        ".tsv",
        "{csv: {quotedNewlines: false}, tasks: 2}",
        b"a\tb\n1\t2\n3\t4\n",
        "bytes",
        8,
        b"a\tb\n1\t2\n3\t4\n",
    ),
    "json": (".json", "{json: {path: rows}, tasks: 3}", DOCUMENT, "json elements", 7, json.dumps(ARRAY).encode()),
    "fasta": (".fa", "{unitsPerTask: 1}", FASTA, "fasta records", 3, FASTA),
    "fastq": (".fq", "{tasks: 3}", FASTQ, "bytes", len(FASTQ), FASTQ),
    "records": ("", "{by: bytes, bytes: {recordSize: 3}, unitsPerTask: 2}", b"abcdefghi", "records", 3, b"abcdefghi"),
}


def copy(container: Container) -> None:
    container.write(container.read())


@pytest.mark.parametrize("case", CASES)
def test_what_tasks_copy_is_the_input_again(case: str) -> None:
    """Split, copied and merged by the defaults of its format, the input is what it was, and its units have the name of
    the format."""
    suffix, split, content, kind, units, result = CASES[case]
    ground = Ground()
    status = run(ground, suffix, split, content)
    assert (status["state"], status["complete"]) == ("succeeded", True)
    assert status["tasks"]["total"] > 1
    assert (status["units"]["kind"], status["units"]["total"], status["units"]["merged"]) == (kind, units, units)
    merged = ground.blob(status["links"]["result"])
    if case == "json":
        assert json.loads(merged) == json.loads(result)
    else:
        assert merged == result


def run(ground: Ground, suffix: str, split: str, content: bytes, more: str = "") -> dict[str, Any]:
    ground.put(f"data/in{suffix}", content)
    ground.drop(JOB % (suffix, split) + more)
    ground.settle(copy)
    return ground.status()


def test_each_task_reads_a_table_with_the_header() -> None:
    """A program sees the header once, clean of the byte order mark, and its rows as they stood."""
    ground, read = Ground(), []
    ground.put("data/in.csv", MARK + TABLE)
    ground.drop(JOB % (".csv", "{unitsPerTask: 2}"))

    def program(container: Container) -> None:
        read.append(container.read())
        copy(container)

    ground.settle(program)
    assert sorted(read) == sorted(
        [
            b'id,text\r\n1,"a\r\nb"\r\n2,\r\n',
            b'id,text\r\n3,"say ""x"""\r\n4,c,d\r\n',
            b"id,text\r\n5,e",
        ]
    )


@pytest.mark.parametrize(("expected", "state"), [(5, "succeeded"), (6, "failed")])
def test_the_rows_that_are_expected_are_counted(expected: int, state: str) -> None:
    """`input.expect` is held against the rows of the whole table, before any task runs."""
    ground = Ground()
    ground.put("data/in.csv", TABLE)
    ground.drop((JOB % (".csv", "{tasks: 3}")).replace("in.csv}", f"in.csv, expect: {{units: {expected}}}}}"))
    ground.settle(copy)
    status = ground.status()
    assert status["state"] == state
    assert (status["failure"] or {}).get("code") == (None if state == "succeeded" else "INPUT_COUNT")


def test_rows_out_are_held_against_rows_in() -> None:
    """`output.recordsPerUnit: 1` counts rows, however the table is sized, and neither header nor empty lines."""
    more = "output: {recordsPerUnit: 1}\n"
    assert run(Ground(), ".csv", "{tasks: 2}", TABLE + b"\r\n\r\n", more)["state"] == "succeeded"


@pytest.mark.parametrize(
    ("suffix", "split", "content", "message"),
    [
        (".csv", "{unitsPerTask: 1}", b'a\n1\n"2\n', "the quote at byte 4 is never closed"),
        (
            ".csv",
            "{csv: {quotedNewlines: false}, unitsPerTask: 1}",
            b'a\n"1\n2"\n',
            "the quote at byte 2 is not closed",
        ),
        (".json", "{unitsPerTask: 1}", b'{"a": [1]}', "Say split.json.path"),
        (".json", "{unitsPerTask: 1}", b"[1, 2", "it ends at byte 5"),
        (".json", "{json: {path: b}}", b'{"a": [1]}', "nothing at split.json.path b"),
        (".fa", "{tasks: 2}", b"ACGT\n", "no FASTA"),
        (".fq", "{unitsPerTask: 1}", b"@a\nAC\n", "within a FASTQ record"),
        (".txt", "{tasks: 2}", "a\n".encode("utf-16"), "UTF-16"),
        ("", "{by: bytes, bytes: {recordSize: 4}}", b"abcdef", "6 bytes"),
    ],
)
def test_what_cannot_be_cut_fails_the_job_by_name(suffix: str, split: str, content: bytes, message: str) -> None:
    """The job ends before any task, and says what is wrong with the input."""
    status = run(Ground(), suffix, split, content)
    assert (status["state"], status["failure"]["code"]) == ("failed", "SPLIT")
    assert message in status["failure"]["message"]
