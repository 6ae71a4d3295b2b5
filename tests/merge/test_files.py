"""merge.by files: each output on its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.merge.files import BATCH
from controller.merge.run import TaskOutput
from shared.errors import OutOfTime, Refused
from shared.names import JOB_KEY, KEEP
from shared.record import MergeCursor
from tests.fakes.mortal import Killed, Life, mortal
from tests.fakes.world import World
from tests.merge.ground import JOB, a_world, content, left, merging, put, run_merge

FILES = merging("files")
TO = "data/out/"
OWN_FILES = f"results/{JOB}/files/"


def outputs(world: World, *names: str) -> list[TaskOutput]:
    """One output a task, holding its own name."""
    return [put(world, index, name, name.encode()) for index, name in enumerate(names)]


def test_outputs_keep_their_names_below_the_prefix() -> None:
    """Folders included; the fact counts files and bytes, and has no version and no hash of its own."""
    world, _ = a_world()
    fact = run_merge(FILES, world, outputs(world, "a.webp", "2026/b.webp"), TO).fact
    assert left(world, "data") == {"out/2026/b.webp": b"2026/b.webp", "out/a.webp": b"a.webp"}
    assert (fact.path, fact.blobs, fact.bytes) == (TO, 2, 17)
    assert (fact.etag, fact.hash_kind, fact.hash, fact.records) == (None, None, None, None)


def test_a_task_may_leave_several_files() -> None:
    """All of them are taken, save the mark that made their folder."""
    world, _ = a_world()
    files = [
        put(world, 0, "a", b"1"),
        put(world, 0, f"x/{KEEP}", b""),
        put(world, 0, "x/b", b"2"),
        put(world, 1, "c", b""),
    ]
    fact = run_merge(FILES, world, files, TO).fact
    assert left(world, "data") == {"out/a": b"1", "out/c": b"", "out/x/b": b"2"}
    assert fact.blobs == 3


def test_without_a_target_files_go_to_the_jobs_own_folder() -> None:
    """Nothing is published elsewhere, and nothing is lost with the job's containers."""
    world, _ = a_world()
    fact = run_merge(FILES, world, outputs(world, "a"), None).fact
    assert (fact.path, left(world, "results", f"{JOB}/files/")) == (OWN_FILES, {f"{JOB}/files/a": b"a"})


def test_one_name_from_two_tasks_is_refused_with_both() -> None:
    """The first file stays, the second overwrites nothing."""
    world, _ = a_world()
    with pytest.raises(Refused, match=r"t-000000 and t-000002 both left same.*\{index\}") as caught:
        run_merge(FILES, world, outputs(world, "same", "other", "same"), TO)
    assert caught.value.code == "MERGE"


def test_a_strangers_file_stays_and_ours_goes_to_the_jobs_own_folder() -> None:
    """`ifExists: fail`: only the names that are taken move, and the caller is told."""
    world, _ = a_world()
    world.work.put("data", "out/b", b"mine")
    committed = run_merge(FILES, world, outputs(world, "a", "b"), TO)
    assert left(world, "data") == {"out/a": b"a", "out/b": b"mine"}
    assert left(world, "results", f"{JOB}/files/") == {f"{JOB}/files/b": b"b"}
    assert (committed.taken, committed.fact.path, committed.fact.blobs) == (True, TO, 2)
    assert committed.why is not None
    assert "data/out/b first" in committed.why


def test_replace_overwrites_a_strangers_file_and_never_an_own_one() -> None:
    """An older job's file is replaced; a second task of this job with that name is still refused."""
    world, _ = a_world()
    world.work.put("data", "out/a", b"old", metadata={JOB_KEY: "bd-older-000000000000"})
    assert not run_merge(FILES, world, outputs(world, "a"), TO, "replace").taken
    assert left(world, "data") == {"out/a": b"a"}
    world, _ = a_world()
    with pytest.raises(Refused, match="both left a"):
        run_merge(FILES, world, outputs(world, "a", "a"), TO, "replace")


@pytest.mark.parametrize("to", ["nowhere/out/", TO])
def test_a_place_that_cannot_be_written_sends_all_to_the_jobs_own_folder(to: str) -> None:
    """No container, or no right: the files are kept."""
    world, _ = a_world()
    if to == TO:
        world.work.fail_next("copy", Refused("AuthorizationFailure", 403, "no right"))
    committed = run_merge(FILES, world, outputs(world, "a"), to)
    assert (committed.taken, left(world, "results", f"{JOB}/files/")) == (True, {f"{JOB}/files/a": b"a"})


def test_an_output_that_changed_names_its_task() -> None:
    """Another version than the frozen one is not copied."""
    world, _ = a_world()
    files = outputs(world, "a", "b")
    put(world, 1, "b", b"newer")
    with pytest.raises(Refused, match=r"t-000001 .*changed or is gone"):
        run_merge(FILES, world, files, TO)


def test_a_later_pass_goes_on_where_the_last_one_stopped() -> None:
    """500 files, a pass for every 200: no file is copied twice, and the fact counts them all."""
    world, _ = a_world()
    files = outputs(world, *(f"{number:04d}" for number in range(2 * BATCH + 100)))
    kept = [MergeCursor()]

    def out_of_time(cursor: MergeCursor) -> None:
        kept.append(cursor)
        raise OutOfTime

    for passes in (1, 2):
        with pytest.raises(OutOfTime):
            run_merge(FILES, world, files, TO, checkpoint=out_of_time, cursor=kept[-1])
        assert world.work.calls["copy"] == passes * BATCH
        assert (kept[-1].rows, kept[-1].files) == (passes * BATCH, passes * BATCH)
    fact = run_merge(FILES, world, files, TO, cursor=kept[-1]).fact
    assert (world.work.calls["copy"], fact.blobs, fact.bytes) == (len(files), len(files), 4 * len(files))
    assert [data.decode() for data in left(world, "data").values()] == [f"{number:04d}" for number in range(len(files))]
    assert [row["path"] for row in index(world)] == [f"{TO}{number:04d}" for number in range(len(files))]


def test_an_index_names_every_copy() -> None:
    """Path, bytes, version and task of each, in ledger order, also of those that had to go elsewhere."""
    world, _ = a_world()
    world.work.put("data", "out/b", b"mine")
    run_merge(FILES, world, outputs(world, "z", "ä/y", "b"), TO)
    paths = [f"{TO}z", f"{TO}ä/y", f"{OWN_FILES}b"]
    assert [(row["path"], row["bytes"], row["task"]) for row in index(world)] == [
        (paths[0], 1, "t-000000"),
        (paths[1], len("ä/y".encode()), "t-000001"),
        (paths[2], 1, "t-000002"),
    ]
    heads = [world.work.head(*path.split("/", 1)) for path in paths]
    assert [row["etag"] for row in index(world)] == [item.etag for item in heads if item]


def test_no_file_at_all_has_an_empty_index() -> None:
    """The index is there whenever the merge is done."""
    world, _ = a_world()
    run_merge(FILES, world, [], TO)
    assert index(world) == []


def test_an_index_whose_blocks_are_gone_is_made_again() -> None:
    """Storage forgets blocks after a week: the copies are found, and listed anew."""
    world, _ = a_world()
    files = outputs(world, *(f"{number:04d}" for number in range(BATCH + 5)))
    kept: list[MergeCursor] = []
    run_merge(FILES, world, files, TO, checkpoint=kept.append)
    expected = index(world)
    world.work.delete("results", f"{JOB}/index.jsonl")
    assert run_merge(FILES, world, files, TO, cursor=kept[0]).fact.blobs == len(files)
    assert index(world) == expected


def index(world: World) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(world, f"results/{JOB}/index.jsonl").splitlines()]


def told(world: World, row: dict[str, Any]) -> dict[str, Any]:
    """A row of the index with, for its ETag, whether that is the file's."""
    item = world.work.head(*row["path"].split("/", 1))
    return {**row, "etag": item is not None and row["etag"] == item.etag}


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("if_exists", ["fail", "replace"])
def test_killed_at_any_call_the_next_pass_leaves_the_same_files(if_exists: str, after: bool) -> None:
    """Files that a dead pass copied are known again, those it did not are copied."""

    def ground() -> tuple[World, list[TaskOutput]]:
        world, _ = a_world()
        world.work.put("data", "out/c", b"mine")
        return world, outputs(world, "a", "b", "c", "d")

    def outcome(world: World, **fields: Any) -> tuple[Any, ...]:
        committed = run_merge(FILES, world, files, TO, if_exists, **fields)
        results = left(world, "results")
        # Copies are made side by side: which gets which ETag is chance, but the index tells the one it has.
        del results[f"{JOB}/index.jsonl"]
        return committed, left(world, "data"), results, [told(world, row) for row in index(world)]

    world, files = ground()
    expected = outcome(world)
    for calls in range(1, 100):
        world, files = ground()
        life = Life(calls, after)
        try:
            found = outcome(world, ports=mortal(world.ports, life))
        except Killed:
            found = outcome(world)
        assert found == expected, f"killed at call {calls}"
        assert all(row["etag"] for row in found[-1])
        if life.spent < calls:
            return
    pytest.fail("it never came to its end")
