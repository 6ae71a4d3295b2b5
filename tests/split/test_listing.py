"""What there is to read, fixed once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from controller.split import sources
from controller.split.listing import list_below
from controller.split.rows import Row, SourceBlob, sources_from_lines, sources_to_lines
from controller.split.sources import read_sources, with_blobs
from shared.errors import Defect, Refused, Vanished
from shared.names import SHARD_ROWS, STATE, input_shard
from tests.fakes.world import World
from tests.split.ground import JOB, NOW, a_world, blobs_manifest, frozen, lines_manifest


def names(world: World, start: int = 0) -> list[str]:
    return [blob.name for blob in read_sources(world.control, JOB, start)]


def put(world: World, *found: str) -> None:
    for name in found:
        world.work.put("data", name, name.encode())


def test_one_blob_is_fixed_by_length_and_version() -> None:
    """The record holds what every later read must still find."""
    world = a_world(in_txt=b"a\nb\n")
    fact = frozen(lines_manifest(units_per_task=1), world.ports)
    item = world.work.head("data", "in.txt")
    assert item is not None
    assert (fact.at, fact.blobs, fact.bytes, fact.etag) == (NOW, 1, 4, item.etag)
    assert (fact.first, fact.last, fact.per_task, fact.tasks) == ("data/in.txt", "data/in.txt", 1, None)


def test_a_blob_that_went_away_is_named() -> None:
    """Between the look and the freeze the blob was deleted."""
    with pytest.raises(Vanished, match=r"data/in\.txt"):
        frozen(lines_manifest(), a_world().ports)


def test_the_list_is_what_the_glob_says_in_byte_order() -> None:
    """`file10` stands before `file2`, excluded ones and other folders are not there, folder marks neither."""
    world = a_world()
    put(world, "in/file2", "in/file10", "in/x.gif", "in/deep/file1", "out/file1", "infile")
    world.work.put("data", "in/deep", b"", metadata={"hdi_isfolder": "true"})
    fact = frozen(blobs_manifest("data/in/**", exclude=("**/*.gif",)), world.ports)
    assert names(world) == ["in/deep/file1", "in/file10", "in/file2"]
    assert (fact.blobs, fact.first, fact.last) == (3, "data/in/deep/file1", "data/in/file2")
    assert fact.bytes == sum(map(len, names(world)))
    assert names(world, 2) == ["in/file2"]


def test_what_arrives_after_the_freeze_is_no_part_of_the_job() -> None:
    """A second freeze, by a pass that did not know of the first, finds the first list."""
    world = a_world()
    put(world, "b", "c")
    first = frozen(blobs_manifest(), world.ports)
    put(world, "a", "d")
    assert frozen(blobs_manifest(), world.ports) == first
    assert names(world) == ["b", "c"]


def test_a_freeze_that_died_half_way_goes_on_behind_what_it_wrote() -> None:
    """The first shard stays as it was, though blobs came into its span; the list goes on behind it."""
    world = a_world()
    first = numbered(range(0, 2 * SHARD_ROWS, 2))
    world.control.put(STATE, input_shard(JOB, 0), sources_to_lines(first))
    put(world, "00001", "20000", "20001")
    fact = frozen(blobs_manifest(), world.ports)
    assert names(world) == [blob.name for blob in first] + ["20000", "20001"]
    assert (fact.blobs, fact.tasks) == (SHARD_ROWS + 2, SHARD_ROWS + 2)


def test_two_passes_that_list_different_blobs_agree() -> None:
    """One pass writes a shard while another is listing: the second one takes it over and goes on behind it."""
    world = a_world()
    seen = numbered(range(3 * SHARD_ROWS))
    mine = sources.frozen(world.control, JOB, lambda after: (blob for blob in seen if not after or blob.name > after))
    assert next(mine) == seen[:SHARD_ROWS]
    theirs = seen[SHARD_ROWS + 1 : 2 * SHARD_ROWS + 1]
    world.control.put(STATE, input_shard(JOB, 1), sources_to_lines(theirs))
    assert next(mine) == theirs
    assert next(mine) == seen[2 * SHARD_ROWS + 1 :]
    assert list(mine) == []


def test_a_shard_written_at_the_same_moment_is_taken_over() -> None:
    """Both passes list, one is first by a hair: the other's listing begins anew behind what was written."""
    world = a_world()
    seen = numbered(range(2 * SHARD_ROWS))
    theirs = seen[5 : SHARD_ROWS + 5]

    def listing(after: str | None) -> Iterator[SourceBlob]:
        if after is None:
            world.control.put(STATE, input_shard(JOB, 0), sources_to_lines(theirs))
        return (blob for blob in seen if not after or blob.name > after)

    assert list(sources.frozen(world.control, JOB, listing)) == [theirs, seen[SHARD_ROWS + 5 :]]


def test_a_list_that_fills_its_last_shard_ends_there() -> None:
    """10,000 blobs fill a shard; a blob that comes later starts no second one."""
    world = a_world()
    seen = list(numbered(range(SHARD_ROWS)))
    first = list(sources.frozen(world.control, JOB, lambda after: iter([] if after else seen)))
    assert first == [tuple(seen), ()]
    late = SourceBlob("99999", "0x1", 1)
    assert list(sources.frozen(world.control, JOB, lambda _: iter([late]))) == first
    assert next(read_sources(world.control, JOB, SHARD_ROWS - 1)) == seen[-1]


def numbered(numbers: Iterable[int]) -> tuple[SourceBlob, ...]:
    return tuple(SourceBlob(f"{number:05d}", "0x1", 1) for number in numbers)


def test_nothing_matches() -> None:
    """An empty list is a list: no first, no last, no task."""
    fact = frozen(blobs_manifest(), a_world().ports)
    assert (fact.blobs, fact.bytes, fact.first, fact.last, fact.tasks) == (0, 0, None, None, 0)


@pytest.mark.parametrize("expected", [1, 3])
def test_a_list_of_another_length_than_expected_is_refused(expected: int) -> None:
    """Fewer and more than `expect.units` are both named INPUT_COUNT, with both numbers."""
    world = a_world()
    put(world, "a", "b")
    with pytest.raises(Refused, match=f"2 blobs match .*, {expected} were expected") as caught:
        frozen(blobs_manifest(expect_units=expected), world.ports)
    assert caught.value.code == "INPUT_COUNT"


def test_rows_get_their_blobs_from_the_frozen_list() -> None:
    """Rows read from anywhere in the ledger carry exactly the blobs of their interval."""
    world = a_world()
    seen = numbered(range(SHARD_ROWS + 5))
    assert sum(1 for _ in sources.frozen(world.control, JOB, lambda _: iter(seen))) == 2
    rows = [Row(1, SHARD_ROWS - 1, 3), Row(2, SHARD_ROWS + 2, 1)]
    found = [row.blobs for row in with_blobs(world.control, JOB, rows)]
    assert found == [seen[SHARD_ROWS - 1 : SHARD_ROWS + 2], seen[SHARD_ROWS + 2 : SHARD_ROWS + 3]]
    with pytest.raises(Defect, match="ends before unit 10006"):
        list(with_blobs(world.control, JOB, [Row(2, SHARD_ROWS + 4, 2)]))


def test_a_list_survives_being_written() -> None:
    """Names with quotes, line breaks and other scripts come back as they were."""
    blobs = (SourceBlob('a"b\\c', "0x1", 0), SourceBlob("zeile\n2", "0x2", 2**40), SourceBlob("日本/\r\u2028", "", 1))
    assert sources_from_lines(sources_to_lines(blobs)) == blobs


def test_reference_data_is_one_blob_or_all_below_a_prefix() -> None:
    """`container/prefix/` takes every blob below it, `container/blob` that one, and nothing where there is none."""
    world = a_world()
    put(world, "db/a", "db/b/c", "dbx")
    assert [blob.name for blob in list_below("data/db/", world.work)] == ["db/a", "db/b/c"]
    assert [blob.name for blob in list_below("data/dbx", world.work)] == ["dbx"]
    assert list_below("data/no", world.work) == () == list_below("data/no/", world.work)
