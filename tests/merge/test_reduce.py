"""merge.reduce: sorted tables, one row a key."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.merge.numbers import add, number, written
from controller.merge.reduce import lay_out
from controller.merge.reducing import OPEN
from shared.errors import Refused
from shared.manifest.models import Reduce
from shared.names import output_container
from tests.merge.ground import JOB, a_world, left, merging, result, run_merge

PREFIX = "_merge/reduce-"
KEYS = st.text(st.sampled_from('aB é,"\n😀\uffff'), max_size=2)
CELLS = st.one_of(st.just(""), st.integers(-99, 99).map(str), st.decimals(-9, 9, places=2).map(str))
ROWS = st.tuples(KEYS, KEYS, CELLS, CELLS, CELLS, KEYS)
HEADER = ["low", "k2", "total", "k1", "high", "seen"]
REDUCE = Reduce(by=("k1", "k2"), sum=("total",), min=("low",), max=("high",), count=("seen",))


def table(header: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


def in_columns(row: tuple[str, ...]) -> list[str]:
    one, two, low, total, high, seen = row
    return [low, two, total, one, high, seen]


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def reduced(reduce: Reduce, *outputs: bytes, **fields: Any) -> bytes:
    world, files = a_world(*outputs)
    committed = run_merge(merging("csv", reduce=reduce, **fields), world, files)
    data = result(world, committed)
    assert committed.fact.records == max(0, len(read(data)) - 1)
    return data


def by_dictionary(rows: list[tuple[str, ...]]) -> list[list[str]]:
    """What the contract asks for, all in memory."""
    groups: dict[tuple[bytes, bytes], list[tuple[str, ...]]] = {}
    for row in rows:
        groups.setdefault((row[0].encode(), row[1].encode()), []).append(row)
    found = []
    for key, group in sorted(groups.items()):
        low, total, high = ([Decimal(row[at]) for row in group if row[at]] for at in (2, 3, 4))
        whole = all("." not in row[3] for row in group)
        sums = str(sum(map(int, total))) if whole else f"{sum(total):f}"
        cells = [f"{min(low):f}" if low else "", sums if total else "", f"{max(high):f}" if high else ""]
        found.append([*(part.decode() for part in key), *cells, str(sum(bool(row[5]) for row in group))])
    return found


def canonical(rows: list[list[str]]) -> list[list[Any]]:
    """Equal numbers are equal, however many zeros they end with."""
    return [[*row[:2], *(Decimal(cell) if cell else None for cell in row[2:5]), row[5]] for row in rows]


@given(st.lists(st.lists(ROWS, max_size=5), max_size=5))
def test_reduce_is_what_a_dictionary_finds(found: list[list[tuple[str, ...]]]) -> None:
    """Keys in byte order, sums exact, empty cells without a value, counts of cells that are not empty."""
    outputs = [
        table(HEADER, [in_columns(row) for row in sorted(rows, key=lambda row: (row[0].encode(), row[1].encode()))])
        for rows in found
    ]
    data = read(reduced(REDUCE, *outputs))
    assert data[:1] == ([["k1", "k2", "low", "total", "high", "seen_count"]] if outputs else [])
    assert canonical(data[1:]) == canonical(by_dictionary([row for rows in found for row in rows]))


def test_sums_are_exact() -> None:
    """Integers of any size stay integers, fractions do not become what a float makes of them."""
    outputs = [table(["w", "n"], [["a", cell]]) for cell in ("0.1", "0.2", "99999999999999999999", "-1e-20", "5")]
    assert reduced(Reduce(by=("w",), sum=("n",)), *outputs) == b"w,n\na,100000000000000000004.29999999999999999999\n"
    whole = [table(["w", "n"], [["a", str(2**100)]])] * 3
    assert reduced(Reduce(by=("w",), sum=("n",)), *whole) == f"w,n\na,{3 * 2**100}\n".encode()


def test_word_count_in_many_parts_is_one_list() -> None:
    """More outputs than may be open at once: levels of intermediate tables, and the same result."""
    words = [f"w{number:03d}" for number in range(40)]
    outputs = [table(["word", "count"], [[word, "1"] for word in words[index % 7 :]]) for index in range(OPEN * 2 + 5)]
    world, files = a_world(*outputs)
    manifest = merging("csv", reduce=Reduce(by=("word",), sum=("count",)))
    committed = run_merge(manifest, world, files)
    counted = {word: sum(word.encode() in output for output in outputs) for word in words}
    assert read(result(world, committed)) == [["word", "count"], *([word, str(n)] for word, n in counted.items())]
    made = left(world, output_container(JOB), PREFIX)
    assert list(made) == [f"{PREFIX}0-{number:06d}.csv" for number in range(3)]


def test_counts_of_many_levels_are_added_not_counted_again() -> None:
    """A count of an intermediate table is a number to add."""
    outputs = [b"k,x\na,1\na,\na,2\n"] * (OPEN + 1)
    assert reduced(Reduce(by=("k",), count=("x",)), *outputs) == f"k,x_count\na,{2 * (OPEN + 1)}\n".encode()


def test_an_intermediate_table_is_made_once() -> None:
    """A pass that finds it reads it instead of the outputs it was made of."""
    world, files = a_world(*[b"k,n\na,1\n"] * (OPEN + 1))
    world.work.put(output_container(JOB), f"{PREFIX}0-000000.csv", b"k,n\na,1000\n")
    committed = run_merge(merging("csv", reduce=Reduce(by=("k",), sum=("n",))), world, files)
    assert result(world, committed) == b"k,n\na,1001\n"


def test_an_unsorted_output_names_task_and_row() -> None:
    """Case matters and `é` comes after `z`: byte order, as `LC_ALL=C sort` has it."""
    reduce = Reduce(by=("k",), sum=("n",))
    with pytest.raises(Refused, match=r"t-000001 .*row 3 is out of order: \['a'\] comes after \['b'\]"):
        reduced(reduce, b"k,n\na,1\n", b"k,n\na,1\nb,1\na,1\n")
    assert reduced(reduce, "k,n\nB,1\na,1\nz,1\né,1\n".encode()).count(b"\n") == 5


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"k,n\na,one\n", r"row 1: 'one' is not a number"),
        (b"k,n\na,1_000\n", r"row 1: '1_000' is not a number"),
        (b"k,n\na,nan\n", r"row 1: 'nan' is not a number"),
        (b"k,n\na,1e9999\n", r"row 1: '1e9999' is not a number"),
        (b"k,n\na,1,2\n", r"row 1 has 3 fields, its header 2"),
        (b'k,n\n"a,1\n', r"it is not CSV in UTF-8"),
        (b"k,n\n\xff,1\n", r"it is not CSV in UTF-8"),
        (b"k,m\na,1\n", r"no columns 'n'"),
        (b"k,n,n\na,1,1\n", r"2 columns 'n'"),
    ],
)
def test_a_broken_table_names_its_task(data: bytes, message: str) -> None:
    """What cannot be read is never left out."""
    with pytest.raises(Refused, match=rf"t-000001 .*{message}") as caught:
        reduced(Reduce(by=("k",), sum=("n",)), b"", data)
    assert caught.value.code == "MERGE"


def test_headers_that_differ_name_both_tasks() -> None:
    """Also where the columns that matter are there."""
    with pytest.raises(Refused, match=r"t-000000 and t-000002 .*headers differ"):
        reduced(Reduce(by=("k",), sum=("n",)), b"k,n\n", b"", b"n,k\n")


def test_outputs_without_rows_leave_the_header_or_nothing() -> None:
    """Headers alone make a header; no byte makes no byte."""
    reduce = Reduce(by=("k",), sum=("n",))
    assert reduced(reduce, b"k,n\n", b"", b"\xef\xbb\xbfk,n\n") == b"k,n\n"
    assert reduced(reduce, b"", b"") == b"" == reduced(reduce)


def test_another_delimiter_is_read_and_written() -> None:
    """merge.csv.delimiter holds for the outputs and for the result."""
    csv_fields = {"header": True, "delimiter": "\t"}
    assert reduced(Reduce(by=("k",), max=("n",)), b"k\tn\na,b\t1\na,b\t3\n", csv=csv_fields) == b"k\tn\na,b\t3\n"


def test_two_columns_of_one_name_are_refused() -> None:
    """A column called like the count of another one would be there twice."""
    reduce = Reduce(by=("k",), sum=("x_count",), count=("x",))
    with pytest.raises(Refused, match="two columns of one name: k, x_count, x_count"):
        lay_out(reduce, "t-000000", ["k", "x", "x_count"])


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.integers())
def test_numbers_are_written_so_that_they_are_read_again(fraction: Decimal, whole: int) -> None:
    """An intermediate table loses nothing."""
    for value in (fraction, whole, add(fraction, whole)):
        assert number(written(value)) == value
    assert number(" ") is None
    assert written(None) == ""


def test_a_sum_of_too_many_digits_is_refused() -> None:
    """Never rounded: an error instead."""
    with pytest.raises(ValueError, match="too many digits"):
        add(Decimal(10) ** 1500, Decimal(10) ** -600)
