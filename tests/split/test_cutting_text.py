"""Lines, FASTA, FASTQ and records of one length, cut in a stream and by reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.split.formats.bytes import BytesFinder
from controller.split.formats.fasta import FastaFinder
from controller.split.formats.fastq import FastqFinder
from controller.split.formats.lines import LinesFinder
from controller.split.formats.opening import FIRST_WINDOW
from controller.split.parts import Finder, Part
from controller.split.sizes import Sizing
from shared.errors import Refused
from shared.record import SplitCursor
from tests.split.cutting import CHUNKS, check, expected, probed, reading, sizings, sought, streamed, tiled

START = SplitCursor()
STOPS = st.integers(0, 40)
MARK = b"\xef\xbb\xbf"
TEXTS = st.lists(st.sampled_from([b"", b"a", b"bc", b"\r", b"long line", b">", b"@"]), max_size=30).flatmap(
    lambda lines: st.sampled_from([b"\n".join(lines), b"\n".join([*lines, b""])])
)
BREAKS = st.sampled_from([b"\n", b"\r\n"])


def ends_of(records: list[bytes], start: int = 0) -> list[int]:
    ends = []
    for record in records:
        start += len(record)
        ends.append(start)
    return ends


def lines_of(data: bytes) -> list[bytes]:
    pieces = data.split(b"\n")
    return [piece + b"\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])


@given(st.data(), TEXTS, CHUNKS, STOPS)
def test_lines_end_where_the_manifest_says(draw: st.DataObject, data: bytes, chunks: list[int], stop: int) -> None:
    """Every byte is in one part, and each part ends at the line end that its rule asks for."""
    sizing = draw.draw(sizings(len(data)))
    parts = check(LinesFinder(), data, sizing, chunks, stop)
    assert tiled(data, parts) == data
    assert parts == expected(ends_of(lines_of(data)), 0, sizing, counted=sizing.per_task is not None)


@st.composite
def fasta(draw: st.DrawFn) -> list[bytes]:
    """FASTA records; a `>` may stand within a line, lines may be empty, the last line end may be missing."""
    end = draw(BREAKS)
    line = st.sampled_from([b"ACGT", b"", b"a>b", b"MKV*"])
    records = draw(st.lists(st.lists(line, max_size=3), max_size=12))
    texts = [end.join([b">r", *lines]) + end for lines in records]
    if texts and draw(st.booleans()):
        texts[-1] = texts[-1].rstrip(b"\r\n")
    return texts


@given(st.data(), fasta(), CHUNKS, STOPS, st.booleans())
def test_fasta_is_cut_before_records(
    draw: st.DataObject, records: list[bytes], chunks: list[int], stop: int, marked: bool
) -> None:
    """A part begins with `>` at the start of a line and holds whole records; a byte order mark is in none."""
    start = 3 * marked
    data = MARK[:start] + b"".join(records)
    sizing = draw.draw(sizings(len(data)))
    parts = check(FastaFinder(), data, sizing, chunks, stop)
    assert tiled(data, parts) == data[start:]
    assert parts == expected(ends_of(records, start), start, sizing, counted=sizing.per_task is not None)


@st.composite
def fastq(draw: st.DrawFn) -> list[bytes]:
    """FASTQ records, some with qualities that begin with `@` or `+`, some without any base."""
    end = draw(BREAKS)
    bodies = st.sampled_from([(b"ACGT", b"@III"), (b"A", b"@"), (b"A", b"+"), (b"", b""), (b"ACGTAC", b"IIIIII")])
    names = st.sampled_from([b"@r", b"@+", b"@", b"@@x"])
    pairs = draw(st.lists(st.tuples(names, bodies, st.sampled_from([b"+", b"+r", b"+@"])), max_size=12))
    records = [end.join([name, bases, plus, marks]) + end for name, (bases, marks), plus in pairs]
    if records:
        last = draw(st.sampled_from(["as it is", "no end", "blank lines"]))
        if last == "no end" and pairs[-1][1][1]:
            records[-1] = records[-1].rstrip(b"\r\n")
        elif last == "blank lines":
            records[-1] += 2 * end
    return records


@given(st.data(), fastq(), CHUNKS, STOPS, st.booleans())
def test_fastq_is_cut_before_records_whatever_their_qualities_begin_with(
    draw: st.DataObject, records: list[bytes], chunks: list[int], stop: int, marked: bool
) -> None:
    """A quality line that begins with `@` is never taken for a record; blank lines at the end add no part."""
    start = 3 * marked
    data = MARK[:start] + b"".join(records)
    sizing = draw.draw(sizings(len(data)))
    parts = check(FastqFinder(), data, sizing, chunks, stop)
    assert tiled(data, parts) == data[start:]
    assert parts == expected(ends_of(records, start), start, sizing, counted=sizing.per_task is not None)


@given(st.data(), st.integers(1, 7), st.integers(0, 40), CHUNKS, STOPS)
def test_records_of_one_length_are_cut_between_them(
    draw: st.DataObject, record: int, count: int, chunks: list[int], stop: int
) -> None:
    """Parts hold whole records of `split.bytes.recordSize`, found without reading, and the same in a stream."""
    data = bytes(number % 251 for number in range(record * count))
    sizing = draw.draw(sizings(len(data)))
    finder = BytesFinder(record)
    parts = check(finder, data, sizing, chunks, stop)
    assert sought(finder, data, sizing) == parts
    assert tiled(data, parts) == data
    ends = [record * number for number in range(1, count + 1)]
    assert parts == expected(ends, 0, sizing, counted=sizing.per_task is not None)


@pytest.mark.parametrize("finder", [LinesFinder(), FastaFinder(), FastqFinder()])
def test_what_is_counted_is_not_found_by_reads(finder: Finder) -> None:
    """`unitsPerTask` needs all bytes: the finder says so instead of reading them one by one."""
    assert finder.seek(probed(finder, b""), reading(b""), 0, Sizing(0, per_task=1), START) is None


def test_records_that_do_not_fill_the_input_are_refused() -> None:
    """An input of 10 bytes is no whole number of records of 4: refused, with both numbers, also when it streams."""
    with pytest.raises(Refused, match=r"10 bytes .* 4 bytes \(split.bytes.recordSize\)"):
        BytesFinder(4).probe(reading(b""), 10)
    with pytest.raises(Refused, match="10 bytes"):
        list(BytesFinder(4).stream(BytesFinder(4).probe(reading(b""), None), iter([b"x" * 10]), Sizing(10, 1), START))


def test_a_cut_costs_one_small_read_however_long_the_part_is() -> None:
    """Cutting 10 MiB of lines into 8 parts reads eight windows of 4 KiB."""
    data = b"x" * 99 + b"\n"
    data *= 100_000
    asked: list[int] = []

    def read(offset: int, length: int) -> bytes:
        asked.append(length)
        return data[offset : offset + length]

    finder = LinesFinder()
    parts = finder.seek(finder.probe(read, len(data)), read, len(data), Sizing(len(data), cuts=8), START)
    assert parts is not None
    assert tiled(data, list(parts)) == data
    assert sum(asked) <= 8 * FIRST_WINDOW


@pytest.mark.parametrize("length", [FIRST_WINDOW - 1, FIRST_WINDOW, FIRST_WINDOW + 1, 300_000])
@pytest.mark.parametrize(
    ("finder", "record"),
    [
        (LinesFinder(), b"%s\n"),
        (FastaFinder(), b">r\n%s\n"),
        (FastqFinder(), b"@r\n%s\n+\n@@\n"),
    ],
)
def test_a_record_longer_than_a_read_stays_whole(finder: Finder, record: bytes, length: int) -> None:
    """A record longer than its part's share makes the part longer; equal cut points make one part."""
    records = [record % (b"A" * length), record % b"A", record % b"A"]
    data = b"".join(records)
    for sizing in (Sizing(len(data), cuts=7), Sizing(len(data), bytes_per_task=1), Sizing(len(data), cuts=10**6)):
        parts = check(finder, data, sizing, [1000], 1)
        assert parts == expected(ends_of(records), 0, sizing, counted=False)
    assert [part.units for part in streamed(finder, data, Sizing(len(data), 1), [70_000])] == [1, 1, 1]


@pytest.mark.parametrize("name", ["UTF-16", "UTF-32"])
@pytest.mark.parametrize("finder", [LinesFinder(), FastaFinder(), FastqFinder()])
@pytest.mark.parametrize("order", ["le", "be"])
def test_other_encodings_are_refused_by_name(finder: Finder, name: str, order: str) -> None:
    """A byte order mark of UTF-16 or UTF-32 is named in the error."""
    data = "\ufeff>a\n".encode(f"{name}-{order}")
    with pytest.raises(Refused, match=name) as caught:
        probed(finder, data)
    assert caught.value.code == "SPLIT"


def test_a_byte_order_mark_stays_in_the_first_line() -> None:
    """Lines are passed on as they are; a mark in the middle is just bytes."""
    data = MARK + b"a\n\xff\xfeb\n"
    parts = streamed(LinesFinder(), data, Sizing(len(data), per_task=1), [4])
    assert parts == [Part(0, 1, 0, 5), Part(1, 1, 5, 4)]


@pytest.mark.parametrize(("finder", "form"), [(FastaFinder(), "FASTA"), (FastqFinder(), "FASTQ")])
def test_what_does_not_begin_like_the_format_is_refused_by_name(finder: Finder, form: str) -> None:
    """A table named .fasta is refused at its first byte."""
    with pytest.raises(Refused, match=f"no {form}"):
        probed(finder, b"name,bases\n")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"@a\nAC\n+\nII\n@b\nAC\n", "within a FASTQ record, at byte 17"),
        (b"@a\nAC\nGT\n+\nII\nII\n@b\nA\n+\nI\n", "no FASTQ with four lines a record"),
        (b"@z\nA\n+\nI\n@a\nAC\nGT\n+\nII\nII\n@b\nA\n+\nI\n", "no record begins with @ at byte 20"),
    ],
)
def test_broken_fastq_is_refused_with_its_place(data: bytes, message: str) -> None:
    """A record that is broken off, or has bases on several lines, is named instead of being cut in two."""
    with pytest.raises(Refused, match=message):
        streamed(FastqFinder(), data, Sizing(len(data), per_task=1), [5])


def test_fastq_with_more_lines_is_refused_by_small_reads_too() -> None:
    """Where units are bytes nobody counts lines: it is still named, and not read to its end as one part."""
    data = b"@z\nA\n+\nI\n" + b"@a\nAC\nGT\n+\nII\nII\n" * 50_000
    taken = 0

    def read(offset: int, length: int) -> bytes:
        nonlocal taken
        taken += length
        return data[offset : offset + length]

    finder = FastqFinder()
    with pytest.raises(Refused, match="no FASTQ record of four lines"):
        list(finder.seek(finder.probe(read, len(data)), read, len(data), Sizing(len(data), cuts=4), START) or ())
    assert taken < 20_000


def test_the_first_fastq_record_is_looked_at_before_anything_is_cut() -> None:
    """Qualities on several lines may begin with @ and +: what looks like a record in there is none."""
    with pytest.raises(Refused, match="no FASTQ with four lines a record"):
        probed(FastqFinder(), b"@r1\nACGT\nACGT\n+\n@@@@\n+III\n" * 100)


def test_a_text_without_line_ends_is_not_held_to_find_a_fastq_record() -> None:
    """A search ends after two long records at the most, whatever lies behind."""
    finder, line = FastqFinder(), b"A" * (4 * 2**20)

    def read(offset: int, length: int) -> bytes:
        return b"@r\nA\n+\nI\n"[:length] if offset == 0 else line[:length]

    with pytest.raises(Refused, match="no FASTQ record of four lines"):
        list(finder.seek(finder.probe(read, 2**33), read, 2**33, Sizing(2**33, cuts=4), START) or ())
