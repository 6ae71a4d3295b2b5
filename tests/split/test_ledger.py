"""Rows in storage: a shard grows and never shrinks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.split.ledger import LedgerWriter
from controller.split.rows import Row, SourceBlob, from_lines, to_lines
from shared.errors import Defect
from shared.names import SHARD_ROWS
from tests.fakes.world import World
from tests.split.ground import JOB, a_world, ledger

ROWS = st.builds(
    Row,
    index=st.integers(0, 999_999),
    first=st.integers(0),
    units=st.integers(0),
    bytes=st.integers(0),
    blobs=st.lists(st.builds(SourceBlob, st.text(), st.text(), st.integers(0)), max_size=2).map(tuple),
    data=st.booleans(),
)


def row(index: int) -> Row:
    return Row(index, index * 10, 10, data=True)


def writer(world: World, rows: int = 0, add: int = 0) -> LedgerWriter:
    """Goes on behind `rows`, with `add` more handed in."""
    found = LedgerWriter(world.control, JOB, rows)
    for index in range(rows, rows + add):
        found.add(row(index))
    return found


@given(st.lists(ROWS, max_size=5))
def test_rows_come_back_as_they_were_written(rows: list[Row]) -> None:
    """Whatever a row holds."""
    assert from_lines(to_lines(rows)) == tuple(rows)


def test_a_later_pass_goes_on_where_the_cursor_says() -> None:
    """Rows behind the cursor that a dead pass wrote are written again, those before it are kept."""
    world = a_world()
    writer(world, 0, add=30).flush()
    again = writer(world, 10, add=25)
    again.flush()
    assert ledger(world) == tuple(map(row, range(35)))
    assert again.rows == 35


def test_a_late_worker_does_not_shorten_a_shard() -> None:
    """A pass that slept while another went on writes its fewer rows: nothing is lost."""
    world = a_world()
    late = writer(world, 0, add=10)
    writer(world, 0, add=500).flush()
    late.flush()
    assert len(ledger(world)) == 500
    late.add(row(10))
    late.flush()
    assert ledger(world) == tuple(map(row, range(500)))


def test_two_workers_in_turns_leave_one_ledger() -> None:
    """Each sees the other's version first when it has more to say, and then writes the longer one."""
    world = a_world()
    one, other = writer(world), writer(world)
    for index in range(20):
        one.add(row(index))
        one.flush()
        if index % 3 == 0:
            for behind in range(other.rows, index + 2):
                other.add(row(behind))
            other.flush()
    assert ledger(world)[:20] == tuple(map(row, range(20)))


def test_a_full_shard_is_followed_by_the_next() -> None:
    """10,000 rows a shard; a pass may begin at its end."""
    world = a_world()
    first = writer(world, 0, add=SHARD_ROWS)
    assert first.full
    first.flush()
    assert not first.full
    first.add(row(SHARD_ROWS))
    first.flush()
    assert (len(ledger(world, 0)), ledger(world, 1)) == (SHARD_ROWS, (row(SHARD_ROWS),))
    second = writer(world, SHARD_ROWS, add=2)
    second.flush()
    assert ledger(world, 1) == (row(SHARD_ROWS), row(SHARD_ROWS + 1))


def test_a_cursor_ahead_of_the_ledger_is_a_defect() -> None:
    """The record says 20 rows, the shard holds 10: going on would lose ten tasks."""
    world = a_world()
    writer(world, 0, add=10).flush()
    with pytest.raises(Defect, match="holds 10 rows, too few for 20"):
        writer(world, 20)


def test_rows_stay_small() -> None:
    """What 10,000 rows take is read in one request: a row of defaults costs no more than its numbers."""
    assert to_lines([Row(1, 2, 3)]) == b'{"index":1,"first":2,"units":3}\n'
