"""CSV, cut between rows, against Python's own reader of CSV."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.split.formats.csv import LONGEST_HEADER, CsvFinder
from controller.split.parts import Head, Part
from controller.split.sizes import Sizing
from shared.errors import Refused
from shared.manifest.models import CsvDialect
from shared.record import SplitCursor
from tests.split.cutting import CHUNKS, check, expected, probed, reading, sizings, sought, streamed, tiled

MARK = b"\xef\xbb\xbf"
PLAIN = CsvFinder(CsvDialect())
PROMISED = CsvFinder(CsvDialect(quoted_newlines=False))
STOPS = st.integers(0, 40)
FIELDS = ["", "a", " ", "é", 'say ""', ",", "\n", "\r\n", "\n\n", '"', 'a""\nb']


@st.composite
def tables(draw: st.DrawFn, *, newlines: bool = True) -> list[bytes]:
    """Rows as bytes, the first is the header; fields in quotes wherever they need them, and sometimes where not. Empty
    lines stand behind some rows, and the last line end may be missing."""
    end = draw(st.sampled_from(["\n", "\r\n"]))
    field = st.sampled_from([each for each in FIELDS if newlines or "\n" not in each])
    quoted = st.tuples(field, st.booleans())
    rows = draw(st.lists(st.lists(quoted, min_size=2, max_size=3), min_size=1, max_size=10))
    texts = [",".join(_field(value, always) for value, always in row) + end for row in rows]
    blanks = draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows)))
    texts = [text + count * end for text, count in zip(texts, blanks, strict=True)]
    if draw(st.booleans()):
        texts[-1] = texts[-1].rstrip("\r\n")
    return [text.encode() for text in texts]


def _field(value: str, always: bool) -> str:
    if always or any(each in value for each in '",\r\n'):
        return '"' + value.replace('"', '""') + '"'
    return value


def rows_of(data: bytes) -> list[list[str]]:
    """The rows as Python reads them; an empty line is none."""
    return [row for row in csv.reader(io.StringIO(data.decode(), newline="")) if row]


def ends_of(rows: list[bytes], start: int) -> list[int]:
    ends = []
    for row in rows:
        start += len(row)
        ends.append(start)
    return ends


def header_of(first: bytes) -> bytes:
    """The header without the empty lines behind it."""
    row = first.rstrip(b"\r\n") if first.strip() else first
    return first[: len(row)] + (first[len(row) :][: 2 if first[len(row) :].startswith(b"\r\n") else 1])


@given(st.data(), tables(), CHUNKS, STOPS, st.booleans())
def test_rows_with_quoted_newlines_are_cut_whole_under_the_header(
    draw: st.DataObject, rows: list[bytes], chunks: list[int], stop: int, marked: bool
) -> None:
    """However it is sized, rows are counted; all parts together are the input's bytes behind its header, and each part
    read by Python's csv has the header and exactly its rows."""
    start = 3 * marked
    data = MARK[:start] + b"".join(rows)
    header = header_of(rows[0])
    sizing = draw.draw(sizings(len(data)))
    parts = check(PLAIN, data, sizing, chunks, stop)
    assert sought(PLAIN, data, sizing) is None
    assert parts == expected(
        ends_of(rows[1:], start + len(rows[0])), start + len(header), sizing, counted=True, prefix=header
    )
    if parts:
        assert tiled(data, parts) == data[start + len(header) :]
    found = []
    for part in parts:
        read = rows_of(part.prefix + data[part.offset : part.offset + part.length])
        assert len(read) == part.units + 1
        assert read[0] == rows_of(header)[0]
        found += read[1:]
    assert [rows_of(header)[0], *found] == rows_of(data[start:])


@given(st.data(), tables(newlines=False), CHUNKS, STOPS)
def test_with_the_promise_of_no_newlines_byte_sizes_are_cut_by_reads(
    draw: st.DataObject, rows: list[bytes], chunks: list[int], stop: int
) -> None:
    """`quotedNewlines: false`: units are bytes, the stream and the reads agree, whole lines in each part."""
    data = b"".join(rows)
    sizing = draw.draw(sizings(len(data), counted=False))
    parts = check(PROMISED, data, sizing, chunks, stop)
    assert sought(PROMISED, data, sizing) == parts
    header = probed(PROMISED, data).prefix
    lines = data[len(header) :].splitlines(keepends=True)
    assert parts == expected(ends_of(lines, len(header)), len(header), sizing, counted=False, prefix=header)
    assert tiled(data, parts) == data[len(header) :]


@given(st.data(), tables(newlines=False), CHUNKS, STOPS)
def test_with_the_promise_units_per_task_counts_rows(
    draw: st.DataObject, rows: list[bytes], chunks: list[int], stop: int
) -> None:
    """`unitsPerTask` counts rows either way, and finds the same parts as without the promise."""
    data = b"".join(rows)
    sizing = draw.draw(sizings(len(data), counted=True))
    assert check(PROMISED, data, sizing, chunks, stop) == check(PLAIN, data, sizing, chunks, stop)


def test_without_a_header_the_first_row_is_a_unit() -> None:
    """`header: false`: nothing is repeated, the byte order mark is in no part."""
    finder = CsvFinder(CsvDialect(header=False))
    data = MARK + b"1,2\n3,4\n"
    assert probed(finder, data) == Head(3, len(data))
    assert streamed(finder, data, Sizing(len(data), per_task=1), [2]) == [Part(0, 1, 3, 4), Part(1, 1, 7, 4)]


def test_the_quote_of_the_dialect_is_the_one_that_counts() -> None:
    """With `quote: "'"` a newline within single quotes belongs to a field, and double quotes are text."""
    finder = CsvFinder(CsvDialect(quote="'"))
    data = b"a,b\n'x\ny',\"\nz,5\n"
    parts = streamed(finder, data, Sizing(len(data), per_task=1), [3])
    assert [data[part.offset : part.offset + part.length] for part in parts] == [b"'x\ny',\"\n", b"z,5\n"]


@pytest.mark.parametrize("data", [b"", b"a,b", b"a,b\n", b"a,b\r\n\r\n\r\n", MARK + b"a,b\n", b"\n\na,b\n"])
def test_a_table_without_rows_has_no_parts(data: bytes) -> None:
    """A header alone, or nothing at all, makes zero units."""
    assert streamed(PLAIN, data, Sizing(len(data), per_task=1), [3]) == []
    assert streamed(PLAIN, data, Sizing(len(data), cuts=4), [3]) == []


def test_a_header_with_quoted_newlines_is_repeated_whole() -> None:
    """A header may hold a newline in quotes, and may be longer than the first read."""
    header = b'"name\nof it",' + b"x" * 9000 + b"\r\n"
    data = header + b"1,2\r\n3,4\r\n"
    parts = streamed(PLAIN, data, Sizing(len(data), per_task=1), [100])
    assert [part.prefix for part in parts] == [header, header]
    assert [part.offset for part in parts] == [len(header), len(header) + 5]


def test_a_header_without_end_is_refused() -> None:
    """A quote in the header that is never closed, or a first row over 1 MiB, is named."""
    with pytest.raises(Refused, match="the quote at byte 2 is never closed"):
        probed(PLAIN, b'a,"b\n1,2\n')
    with pytest.raises(Refused, match=f"longer than {LONGEST_HEADER} bytes"):
        probed(PLAIN, b"x" * (2 * LONGEST_HEADER))


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
def test_a_quote_that_is_never_closed_is_refused_with_its_place(chunk: int) -> None:
    """With an odd number of quotes no row after the last of them can be told: the error names its byte."""
    data = b'a,b\n1,"x"\n2,"y\n3,z\n'
    with pytest.raises(Refused, match="the quote at byte 12 is never closed"):
        streamed(PLAIN, data, Sizing(len(data), per_task=100), [chunk])


@pytest.mark.parametrize("chunk", [1, 2, 5, 100])
@pytest.mark.parametrize("sizing", [Sizing(20, per_task=1), Sizing(20, bytes_per_task=5)])
def test_a_broken_promise_of_no_newlines_is_told_where_the_input_is_streamed(chunk: int, sizing: Sizing) -> None:
    """A line with an odd number of quotes fails under `quotedNewlines: false`, naming the byte of the open one."""
    data = b'a,b\n1,"x"\n2,"y\nz",3\n'
    with pytest.raises(Refused, match=r"the quote at byte 12 is not closed .* split.csv.quotedNewlines is false"):
        streamed(PROMISED, data, sizing, [chunk])


def test_only_quotes_and_newlines_take_bounded_memory_and_time() -> None:
    """Two MiB of the worst text there is are cut in a moment."""
    data = b"a\n" + b'"\n"\n' * 500_000
    parts = streamed(PLAIN, data, Sizing(len(data), per_task=100_000), [2**20])
    assert [part.units for part in parts] == [100_000] * 5
    assert all(one.offset + one.length == other.offset for one, other in pairwise(parts))


def test_other_encodings_are_refused_by_name() -> None:
    """UTF-16, as spreadsheets save it, is named."""
    with pytest.raises(Refused, match=r"UTF-16 \(little endian\)"):
        PLAIN.probe(reading("\ufeffa,b\n".encode("utf-16-le")), 10)


def test_a_pass_that_resumes_at_the_end_finds_nothing() -> None:
    """The cursor behind the last part leaves no empty part."""
    data = b"a\n1\n2\n"
    assert streamed(PLAIN, data, Sizing(len(data), 1), [9], SplitCursor(rows=2, units=2, offset=6)) == []


@pytest.mark.parametrize("data", [b"a,b\r1,2\r3,4\r", b'a,"b\n"\r1,2\r3,4', b"a,b\r1,2\n3,4\n"])
def test_lines_that_end_with_carriage_returns_alone_are_refused_by_name(data: bytes) -> None:
    """All of it would be the header, and nothing would be left to do."""
    with pytest.raises(Refused, match="carriage returns alone"):
        probed(CsvFinder(CsvDialect()), data)


@pytest.mark.parametrize("data", [b'a,"b\r"\n1,2\n', b"a,b\r\n1,2\r\n", b"\r\na\r\n", b"a\r"])
def test_other_carriage_returns_in_a_header_are_fine(data: bytes) -> None:
    """Within quotes, or at the end of its line."""
    assert probed(CsvFinder(CsvDialect()), data).prefix
