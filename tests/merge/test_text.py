"""merge.by concat, lines and csv: bytes in, bytes out."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.merge.concat import ConcatJoiner
from controller.merge.csv import LONGEST_HEADER, CsvJoiner
from controller.merge.lines import LinesJoiner
from shared.errors import Refused
from tests.merge.ground import join

CHUNKS = st.lists(st.integers(1, 7), min_size=1, max_size=4)
FIELDS = st.text(st.sampled_from('ab,"\n é'), max_size=4)


def table(rows: list[list[str]], end: str = "\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows(rows)
    return text.getvalue().encode()


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


@given(st.lists(st.binary(max_size=20), max_size=6), CHUNKS)
def test_concat_keeps_every_byte(outputs: list[bytes], chunks: list[int]) -> None:
    """Nothing between the outputs, nothing at the end; nothing is counted."""
    joiner = ConcatJoiner()
    assert join(joiner, outputs, chunks) == b"".join(outputs)
    assert joiner.records is None


@given(st.lists(st.binary(max_size=20), max_size=6), CHUNKS)
def test_lines_ends_every_output_with_a_newline(outputs: list[bytes], chunks: list[int]) -> None:
    """Only missing newlines are added; empty outputs vanish; records are lines."""
    joiner = LinesJoiner()
    expected = b"".join(data if data.endswith(b"\n") else data + b"\n" for data in outputs if data)
    assert join(joiner, outputs, chunks) == expected
    assert joiner.records == expected.count(b"\n")


@st.composite
def tables(draw: st.DrawFn, width: int) -> list[list[str]]:
    return draw(st.lists(st.lists(FIELDS, min_size=width, max_size=width), max_size=4))


@given(st.data(), st.integers(2, 3), st.sampled_from(["\n", "\r\n"]), CHUNKS, st.booleans())
def test_csv_joins_rows_under_one_header(
    draw: st.DataObject, width: int, end: str, chunks: list[int], cut_newline: bool
) -> None:
    """Read with a CSV reader, the result is the header once and all rows in order, quoted newlines included; records
    are the rows that the reader finds."""
    header = draw.draw(st.lists(FIELDS.filter(lambda name: name.strip("\r\n")), min_size=width, max_size=width))
    found = draw.draw(st.lists(tables(width), max_size=4))
    outputs = [table([header, *rows], end) for rows in found]
    if cut_newline:
        outputs = [data.removesuffix(end.encode()) for data in outputs]
    joiner = CsvJoiner(header=True)
    expected = [header, *(row for rows in found for row in rows)] if found else []
    assert read(join(joiner, outputs, chunks)) == expected
    assert joiner.records == max(0, len(expected) - 1)


@given(st.lists(tables(2), max_size=4), CHUNKS)
def test_csv_without_headers_joins_all_rows(found: list[list[list[str]]], chunks: list[int]) -> None:
    """With `header: false` every row is a record."""
    joiner = CsvJoiner(header=False)
    rows = [row for rows in found for row in rows]
    assert read(join(joiner, [table(rows) for rows in found], chunks)) == rows
    assert joiner.records == len(rows)


@given(st.lists(st.sampled_from(["a", "\n", "\r\n", '"', '"\n"', '""', ","]), max_size=20), CHUNKS)
def test_an_empty_line_is_no_row(pieces: list[str], chunks: list[int]) -> None:
    """The count is what a reader that skips empty lines finds, whatever stands between them."""
    text = "".join(pieces)
    rows, quoted, row = 0, False, ""
    for character in text + "\n":
        if character == '"':
            quoted = not quoted
        if character == "\n" and not quoted:
            rows, row = rows + bool(row.strip("\r")), ""
        else:
            row += character
    joiner = CsvJoiner(header=False)
    if text.count('"') % 2:
        with pytest.raises(Refused, match="never closed"):
            join(joiner, [text.encode()], chunks)
    else:
        join(joiner, [text.encode()], chunks)
        assert joiner.records == rows


def test_outputs_with_a_header_only_leave_the_header() -> None:
    """No row at all: the header alone, once; empty outputs do not count."""
    joiner = CsvJoiner(header=True)
    assert join(joiner, [b"", b"a,b\n", b"a,b", b"a,b\r\n"]) == b"a,b\n"
    assert joiner.records == 0


def test_headers_that_differ_are_refused_with_both_tasks() -> None:
    """The first output with a header and the first that differs from it."""
    with pytest.raises(Refused, match=r"t-000001 and t-000003 .*headers differ") as caught:
        join(CsvJoiner(header=True), [b"", b"a,b\n1,2\n", b"a,b\n", b"b,a\n"])
    assert caught.value.code == "MERGE"


def test_a_byte_order_mark_makes_no_other_header() -> None:
    """Spreadsheets write one: it stays at the start of the result and nowhere else."""
    mark = b"\xef\xbb\xbf"
    assert join(CsvJoiner(header=True), [mark + b"a\n1\n", mark + b"a\n2\n", b"a\n3\n"]) == mark + b"a\n1\n2\n3\n"


@pytest.mark.parametrize("data", [b'a,b\n1,"2\n', b'a,"b\n1,2\n'])
def test_an_open_quote_names_its_task(data: bytes) -> None:
    """It would swallow the next output: refused instead."""
    with pytest.raises(Refused, match=r"t-000001 .*never closed"):
        join(CsvJoiner(header=True), [b"", data])


def test_a_header_without_end_is_refused() -> None:
    """What never ends is no header, and is not kept in memory to find out."""
    with pytest.raises(Refused, match="longer than 1048576 bytes"):
        join(CsvJoiner(header=True), [b"x" * (LONGEST_HEADER + 1)], [2**20 + 1])


def test_outputs_whose_lines_end_with_carriage_returns_alone_are_refused_by_name() -> None:
    """Each would be nothing but a header, and all but the first would vanish where they are equal."""
    with pytest.raises(Refused, match=r"t-000000 .* carriage returns alone"):
        join(CsvJoiner(header=True), [b"h\r1\r", b"h\r1\r"])
    assert join(CsvJoiner(header=True), [b'"h\r",i\r\n1,2\r\n', b'"h\r",i\n3,4\n']) == b'"h\r",i\r\n1,2\r\n3,4\n'
