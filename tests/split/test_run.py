"""A whole split, on ports in memory."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from controller.split.rows import Row
from shared.errors import OutOfTime, Refused, Vanished
from shared.manifest.models import Input, Manifest, Merge, Range, Split
from shared.names import input_container
from shared.record import InputFact, SplitCursor
from tests.builders import a_manifest
from tests.fakes.mortal import Killed, Life, mortal
from tests.fakes.world import World
from tests.split.ground import (
    JOB,
    NOW,
    a_world,
    blobs_manifest,
    everything,
    frozen,
    inputs,
    ledger,
    ledger_with_blobs,
    lines_manifest,
    run_split,
)

LINES = b"".join(b"line %d\n" % number for number in range(1700))


def test_lines_are_counted_where_the_manifest_counts_them() -> None:
    """Three lines a task: rows in lines, blobs in bytes, the last line without its newline."""
    world = a_world(in_txt=b"a\nbb\nccc\ndddd")
    cursor = run_split(lines_manifest(units_per_task=3), world.ports)
    assert cursor == SplitCursor(rows=2, units=4, offset=13, done=NOW)
    assert ledger(world) == (Row(0, 0, 3, 9, data=True), Row(1, 3, 1, 4, data=True))
    assert inputs(world) == {"t-000000/input.txt": b"a\nbb\nccc\n", "t-000001/input.txt": b"dddd"}


def test_rows_in_bytes_tile_the_input() -> None:
    """By size or by number of tasks, a row is a byte range, and its blob has exactly those bytes."""
    for manifest in (lines_manifest(tasks=7), lines_manifest(bytes_per_task=1000), lines_manifest()):
        world = a_world(in_txt=LINES)
        cursor = run_split(manifest, world.ports)
        at = 0
        for row, data in zip(ledger(world), inputs(world).values(), strict=True):
            assert (row.first, row.units, row.bytes, data) == (at, len(data), len(data), LINES[at : at + len(data)])
            at += len(data)
        assert at == len(LINES) == cursor.units == cursor.offset


def test_an_empty_blob_has_no_row() -> None:
    """Zero bytes are zero tasks: nothing is written."""
    world = a_world(in_txt=b"")
    assert run_split(lines_manifest(), world.ports).rows == 0
    assert everything(world) == {}


def test_a_part_over_4_mib_is_written_block_by_block() -> None:
    """A 30 MiB part comes out whole, and the pass is asked for time while it goes."""
    line = b"x" * (2**20 - 1) + b"\n"
    world = a_world(in_txt=line * 31)
    asked: list[SplitCursor] = []
    cursor = run_split(lines_manifest(units_per_task=30), world.ports, checkpoint=asked.append)
    assert cursor.rows == 2
    assert inputs(world) == {"t-000000/input.txt": line * 30, "t-000001/input.txt": line}
    assert len(asked) >= 5


def test_items_and_sweeps_are_written_as_files() -> None:
    """Two units a task; a row knows the length of its file."""
    world = a_world()
    manifest = a_manifest(input=Input(kind="items", items=("a", {"b": 1}, 3)), split=Split(units_per_task=2))
    assert run_split(manifest, world.ports) == SplitCursor(rows=2, units=3, done=NOW)
    assert inputs(world) == {"t-000000/input.jsonl": b'"a"\n{"b":1}\n', "t-000001/input.jsonl": b"3\n"}
    assert ledger(world) == (Row(0, 0, 2, 12, data=True), Row(1, 2, 1, 2, data=True))


def test_units_in_the_environment_write_no_blob() -> None:
    """100,000 numbers, one a task, cost ten ledger shards and nothing else."""
    world = a_world()
    manifest = a_manifest(input=Input(kind="range", range=Range(stop=100_000), deliver="environment"))
    asked: list[SplitCursor] = []
    assert run_split(manifest, world.ports, checkpoint=asked.append).rows == 100_000
    assert inputs(world) == {}
    assert ledger(world, 9)[-1] == Row(99_999, 99_999, 1)
    assert [cursor.rows for cursor in asked] == list(range(10_000, 100_001, 10_000))
    assert world.control.calls["put"] == 10
    assert world.work.calls["put"] == world.work.calls["stage"] == 0


def test_a_unit_too_long_for_the_environment_ends_the_split_by_name() -> None:
    """It is found before any task runs, and the unit is named."""
    items = ("short", "x" * 3000)
    manifest = a_manifest(input=Input(kind="items", items=items, deliver="environment"))
    with pytest.raises(Refused, match="unit 1 takes 3002 bytes"):
        run_split(manifest, a_world().ports)


def test_listed_blobs_are_read_where_they_are() -> None:
    """One a task: no blob is written, and the rows get their blobs from the frozen list."""
    world = a_world(b=b"1", a=b"22")
    run_split(blobs_manifest(), world.ports)
    assert inputs(world) == {}
    assert ledger(world) == (Row(0, 0, 1), Row(1, 1, 1))
    assert [[blob.name for blob in row.blobs] for row in ledger_with_blobs(world)] == [["a"], ["b"]]


def test_several_blobs_a_task_get_a_list_file() -> None:
    """Its length is the row's, its lines are the blobs of the interval."""
    world = a_world(a=b"1", b=b"2", c=b"3")
    run_split(blobs_manifest(per_task=2), world.ports)
    files = inputs(world)
    assert [row.bytes for row in ledger(world)] == [len(content) for content in files.values()]
    listed = [[json.loads(line)["blob"] for line in content.splitlines()] for content in files.values()]
    assert listed == [["data/a", "data/b"], ["data/c"]]


def test_outputs_of_one_name_are_refused_before_any_task() -> None:
    """Two blobs of one stem: both are named, and so is the way out."""
    world = a_world(x__a_jpg=b"1", y__a_png=b"2", z__b_png=b"3")
    with pytest.raises(Refused, match=r"data/x/a\.jpg and data/y/a\.png would both give a\.out.*\{path\}"):
        run_split(blobs_manifest(), world.ports)
    joined = blobs_manifest().model_copy(update={"merge": Merge(by="concat")})
    assert run_split(joined, world.ports).rows == 3, "outputs that are joined need no names of their own"
    assert run_split(blobs_manifest(name="{path}"), a_world(x__a=b"", y__a=b"").ports).rows == 2


def test_the_count_is_checked_at_the_end() -> None:
    """`expect.units` on counted lines: the right number passes, another one is INPUT_COUNT with both numbers."""
    source = Input(kind="blob", blob="data/in.txt", expect_units=4)
    manifest = lines_manifest(units_per_task=3).model_copy(update={"input": source})
    assert run_split(manifest, a_world(in_txt=b"a\nb\nc\nd").ports).units == 4
    with pytest.raises(Refused, match="holds 3 units, 4 were expected") as caught:
        run_split(manifest, a_world(in_txt=b"a\nb\nc\n").ports)
    assert caught.value.code == "INPUT_COUNT"


def test_a_source_that_changed_is_named() -> None:
    """Overwritten after the freeze: the split does not mix two versions."""
    world = a_world(in_txt=LINES)
    source = frozen(lines_manifest(), world.ports)
    world.work.put("data", "in.txt", LINES)
    with pytest.raises(Vanished, match=r"data/in\.txt"):
        run_split(lines_manifest(), world.ports, source)


def test_the_millionth_task_is_the_last() -> None:
    """The ids end at t-999999: one part more is refused."""
    world = a_world(in_txt=b"a\nb\n")
    manifest = lines_manifest(units_per_task=1)
    behind = SplitCursor(rows=1_000_000, units=1_000_000, offset=2)
    with pytest.raises(Refused, match="more than 1000000 tasks"):
        run_split(manifest, world.ports, cursor=behind)


# ---------------------------------------------------------------------------------- interruptions

CASES: dict[str, tuple[Manifest, dict[str, bytes]]] = {
    "lines": (lines_manifest(units_per_task=5), {"in_txt": LINES[:300]}),
    "blocks": (lines_manifest(tasks=2), {"in_txt": (b"x" * 2**20 + b"\n") * 12}),
    "items": (a_manifest(input=Input(kind="items", items=tuple(range(5)))), {}),
    "environment": (a_manifest(), {}),
    "blobs": (blobs_manifest(per_task=2), {"a": b"1", "b": b"2", "c": b"3"}),
}


@dataclass
class Saved:
    """What the record holds between passes."""

    source: InputFact | None = None
    cursor: SplitCursor = field(default_factory=SplitCursor)

    def keep(self, cursor: SplitCursor) -> None:
        self.cursor = cursor


def one_pass(manifest: Manifest, world: World, saved: Saved, life: Life | None = None) -> None:
    """Freeze, then split on from what is saved."""
    ports = mortal(world.ports, life) if life else world.ports
    saved.source = saved.source or frozen(manifest, ports)
    saved.cursor = run_split(manifest, ports, saved.source, saved.cursor, saved.keep)


def undisturbed(manifest: Manifest, blobs: dict[str, bytes]) -> tuple[dict[str, bytes], SplitCursor]:
    world, saved = a_world(**blobs), Saved()
    one_pass(manifest, world, saved)
    return everything(world), saved.cursor


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("case", CASES)
def test_killed_at_any_call_the_next_pass_leaves_the_same_bytes(case: str, after: bool) -> None:
    """Whatever call a pass dies at, the next one ends with the ledger and the inputs of an undisturbed split."""
    manifest, blobs = CASES[case]
    expected = undisturbed(manifest, blobs)
    for calls in range(1, 200):
        world, saved, life = a_world(**blobs), Saved(), Life(calls, after)
        try:
            one_pass(manifest, world, saved, life)
        except Killed:
            one_pass(manifest, world, saved)
        assert (everything(world), saved.cursor) == expected, f"killed at call {calls}"
        if life.spent < calls:
            return
    pytest.fail("it never came to its end")


@pytest.mark.parametrize("calls", range(300, 1700, 271))
def test_killed_between_checkpoints_nothing_is_lost(calls: int) -> None:
    """1,700 tasks are saved every 500: a pass that dies between leaves rows behind the cursor, which are done again."""
    manifest, blobs = lines_manifest(units_per_task=1), {"in_txt": LINES}
    world, saved = a_world(**blobs), Saved()
    try:
        one_pass(manifest, world, saved, Life(calls, after=True))
    except Killed:
        assert saved.cursor.rows % 500 == 0
        one_pass(manifest, world, saved)
    assert (everything(world), saved.cursor) == undisturbed(manifest, blobs)


def test_a_pass_that_runs_out_of_time_goes_on_in_the_next() -> None:
    """Each pass is given one checkpoint: five passes make the split of one."""
    manifest, blobs = lines_manifest(units_per_task=1), {"in_txt": LINES}
    world, saved, passes = a_world(**blobs), Saved(), 0

    def out_of_time(cursor: SplitCursor) -> None:
        saved.keep(cursor)
        raise OutOfTime

    source = frozen(manifest, world.ports)
    while saved.cursor.done is None:
        passes += 1
        before = saved.cursor
        try:
            saved.keep(run_split(manifest, world.ports, source, saved.cursor, out_of_time))
        except OutOfTime:
            assert saved.cursor.rows > before.rows
    assert passes == 4
    assert (everything(world), saved.cursor) == undisturbed(manifest, blobs)


def test_two_workers_at_once_leave_one_split() -> None:
    """Both write parts in blocks and rows into one ledger; neither spoils the other's."""
    manifest, blobs = CASES["blocks"]
    world = a_world(**blobs)
    source = frozen(manifest, world.ports)
    with ThreadPoolExecutor(2) as workers:
        both = [workers.submit(run_split, manifest, world.ports, source) for _ in range(2)]
        assert both[0].result() == both[1].result()
    assert everything(world) == undisturbed(manifest, blobs)[0]


def test_parts_are_written_several_at_once() -> None:
    """Eight parts are under way together: small ones do not wait for one another."""
    world = a_world(in_txt=LINES[:4000])
    gate = threading.Barrier(8, timeout=10)
    port: Any = _Gated(world.work, gate)
    run_split(lines_manifest(tasks=8), replace(world.ports, work=port))
    assert len(inputs(world)) == 8
    assert list(world.work.list(input_container(JOB)))


class _Gated:
    """Commits wait until eight are there."""

    def __init__(self, port: Any, gate: threading.Barrier) -> None:
        self._port, self._gate = port, gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    def commit(self, *args: Any, **kwargs: Any) -> str:
        self._gate.wait()
        return str(self._port.commit(*args, **kwargs))
