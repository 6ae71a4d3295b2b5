"""A whole merge of the joining kinds, on ports in memory."""

from __future__ import annotations

import hashlib
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from controller.merge.run import Committed, TaskOutput, count_records, empty_result
from shared.errors import Conflict, Defect, OutOfTime, Refused, Transient
from shared.manifest.models import Manifest, Reduce
from shared.names import JOB_KEY, output_container, task_id
from shared.ports import BlobItem
from shared.record import MergeCursor
from tests.fakes.mortal import Killed, Life, mortal
from tests.fakes.world import World
from tests.merge.ground import (
    JOB,
    NOW,
    OWN,
    a_world,
    content,
    left,
    merging,
    put,
    result,
    run_merge,
    with_work,
)

TO = "data/out/final.txt"


def test_the_fact_says_what_was_committed() -> None:
    """Path, length, version, hash and records of the blob that is there; its metadata say whose it is."""
    world, files = a_world(b"a\n", b"b")
    committed = run_merge(merging("lines"), world, files)
    item = world.work.head("results", f"{JOB}/demo.out")
    assert item is not None
    fact = committed.fact
    assert (fact.path, fact.blobs, fact.bytes, fact.etag) == (OWN, 1, 4, item.etag)
    assert (fact.hash_kind, fact.hash) == ("sha256", hashlib.sha256(b"a\nb\n").hexdigest())
    assert (fact.records, fact.by, fact.at, committed.taken) == (2, "lines", NOW, False)
    assert item.metadata[JOB_KEY] == JOB


def test_a_published_result_is_at_its_place_and_nowhere_else() -> None:
    """The copy under results/<job id>/ goes once the published one is verified."""
    world, files = a_world(b"a\n", b"b\n")
    committed = run_merge(merging("lines"), world, files, TO)
    assert (committed.fact.path, committed.taken, result(world, committed)) == (TO, False, b"a\nb\n")
    assert left(world, "results") == {}


@pytest.mark.parametrize(("by", "expected"), [("concat", b""), ("lines", b""), ("csv", b""), ("json", b"[]")])
def test_no_unit_makes_the_empty_result(by: str, expected: bytes) -> None:
    """An empty job has a result too: the form's own nothing."""
    world, _ = a_world()
    assert result(world, run_merge(merging(by), world, [])) == expected == empty_result(merging(by))


def test_none_collects_nothing() -> None:
    """No blob, no path."""
    world, files = a_world()
    fact = run_merge(merging("none"), world, files).fact
    assert (fact.path, fact.blobs, fact.bytes, fact.by) == (None, 0, 0, "none")


def test_a_result_over_one_block_is_committed_block_by_block() -> None:
    """20 MiB in outputs of all sizes: joined in order, hashed as one."""
    outputs = [bytes([65 + number]) * (number * 2**20 + number) for number in range(7)]
    world, files = a_world(*outputs)
    committed = run_merge(merging("lines"), world, files)
    expected = b"".join(output + b"\n" for output in outputs if output)
    assert result(world, committed) == expected
    assert committed.fact.hash == hashlib.sha256(expected).hexdigest()
    assert world.work.calls["stage"] >= 2


def test_an_output_that_changed_names_its_task() -> None:
    """Overwritten after the verdict: never merged, whatever it holds now."""
    world, files = a_world(b"a", b"b", b"c")
    put(world, 1, "out", b"b")
    with pytest.raises(Refused, match=r"t-000001.*changed or is gone since the verdict") as caught:
        run_merge(merging("concat"), world, files)
    assert caught.value.code == "MERGE"
    with pytest.raises(Refused, match="t-000001"):
        run_merge(merging("csv", reduce=Reduce(by=("k",), sum=("n",))), world, files[1:])


def test_what_another_pass_committed_is_adopted() -> None:
    """Both passes come to the same result; nothing is joined twice where it is there already."""
    world, files = a_world(b"a", b"b")
    first = run_merge(merging("lines"), world, files)
    reads = world.work.calls["stream"]
    assert run_merge(merging("lines"), world, files) == first
    assert world.work.calls["stream"] == reads
    published = run_merge(merging("lines"), world, files, TO)
    assert run_merge(merging("lines"), world, files, TO) == published


def test_a_commit_that_comes_second_adopts_the_first() -> None:
    """Another pass commits while this one still reads: its blob is taken, with its version."""
    world, files = a_world(b"a", b"b")
    ports = with_work(world, _Meanwhile(world, "stream", lambda: run_merge(merging("lines"), world, files)))
    committed = run_merge(merging("lines"), world, files, ports=ports)
    item = world.work.head("results", f"{JOB}/demo.out")
    assert item is not None
    assert committed.fact.etag == item.etag


def test_two_passes_that_reduce_at_once_share_their_intermediate_tables() -> None:
    """What one pass has written and reads is never replaced under it by the other."""
    manifest, outputs = CASES["reduce"]
    world, files = a_world(*outputs)
    versions: list[dict[str, str]] = []

    def other_pass() -> None:
        run_merge(manifest, world, files)
        versions.append(intermediate(world))

    ports = with_work(world, _Meanwhile(world, "put", other_pass))
    committed = run_merge(manifest, world, files, ports=ports)
    assert versions == [intermediate(world)]
    assert result(world, committed) == b"k,n\na,130\nb,130\n"


def intermediate(world: World) -> dict[str, str]:
    return {item.name: item.etag for item in world.work.list(output_container(JOB), "_merge/")}


def test_a_strangers_blob_in_the_jobs_own_place_is_refused() -> None:
    """Nothing of a person's is overwritten: the place is named."""
    world, files = a_world(b"a")
    world.work.put("results", f"{JOB}/demo.out", b"mine")
    with pytest.raises(Refused, match=r"demo\.out is there and was not made by"):
        run_merge(merging("lines"), world, files)


class _Meanwhile:
    """Work storage where something else happens just before the first call of a method."""

    def __init__(self, world: World, method: str, then: Any) -> None:
        self._work, self._method, self._then = world.work, method, then

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self._then is not None:
            then, self._then = self._then, None
            then()
        return getattr(self._work, name)


# ---------------------------------------------------------------------------------- publishing


def test_a_taken_name_keeps_the_result_where_it_is() -> None:
    """`ifExists: fail`: the stranger's blob stays, the result too, and the reason is told."""
    world, files = a_world(b"a")
    world.work.put("data", "out/final.txt", b"mine")
    committed = run_merge(merging("concat"), world, files, TO)
    assert (committed.taken, committed.fact.path) == (True, OWN)
    assert committed.why is not None
    assert TO in committed.why
    assert (content(world, TO), result(world, committed)) == (b"mine", b"a")


def test_a_name_taken_at_the_last_moment_is_not_overwritten() -> None:
    """The copy is conditional on what was seen: a blob that came since is a stranger's."""
    world, files = a_world(b"a")
    late = _Meanwhile(world, "copy", lambda: world.work.put("data", "out/final.txt", b"mine"))
    committed = run_merge(merging("concat"), world, files, TO, ports=with_work(world, late))
    assert (committed.taken, content(world, TO)) == (True, b"mine")


def test_replace_replaces_what_is_there_even_if_it_changes_meanwhile() -> None:
    """The newer stranger is seen, and replaced too."""
    world, files = a_world(b"a")
    world.work.put("data", "out/final.txt", b"old")
    late = _Meanwhile(world, "copy", lambda: world.work.put("data", "out/final.txt", b"newer"))
    committed = run_merge(merging("concat"), world, files, TO, "replace", ports=with_work(world, late))
    assert (committed.taken, content(world, TO), left(world, "results")) == (False, b"a", {})


def test_a_place_that_cannot_be_written_keeps_the_result() -> None:
    """The container is not there, or may not be written: the result stays where it was committed."""
    world, files = a_world(b"a")
    committed = run_merge(merging("concat"), world, files, "nowhere/final.txt")
    assert (committed.taken, committed.fact.path, result(world, committed)) == (True, OWN, b"a")
    world.work.fail_next("copy", Refused("AuthorizationFailure", 403, "no right to write"))
    forbidden = run_merge(merging("concat"), world, files, TO)
    assert (forbidden.taken, forbidden.why, result(world, forbidden)) == (True, "no right to write", b"a")


def test_a_busy_service_is_not_a_taken_name() -> None:
    """Transient errors go to the caller, who comes again: nothing is settled by them."""
    world, files = a_world(b"a")
    world.work.fail_next("copy", Transient("busy"))
    with pytest.raises(Transient):
        run_merge(merging("concat"), world, files, TO)
    assert run_merge(merging("concat"), world, files, TO).fact.path == TO


def test_a_name_that_never_rests_is_given_up() -> None:
    """Others write again and again: the result stays in its own place."""
    world, files = a_world(b"a")
    world.work.fail_next("copy", Conflict("changed"), times=5)
    assert run_merge(merging("concat"), world, files, TO).taken


# ---------------------------------------------------------------------------------- interruptions

BIG = b"x" * (5 * 2**20)
CASES: dict[str, tuple[Manifest, list[bytes]]] = {
    "small": (merging("lines"), [b"a", b"", b"b\n"]),
    "composed": (merging("concat"), [BIG, b"y", BIG]),
    "lines": (merging("lines"), [BIG, b"y", BIG]),
    "json": (merging("json"), [b"[1]", b"2"]),
    "reduce": (merging("csv", reduce=Reduce(by=("k",), sum=("n",))), [b"k,n\na,1\nb,1\n"] * 130),
    "nothing": (merging("json"), []),
}


def outcome(world: World, committed: Committed) -> tuple[Any, ...]:
    fact = committed.fact.model_dump(exclude={"etag", "at"})
    return fact, committed.taken, result(world, committed), left(world, "results"), left(world, "data")


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("case", CASES)
def test_killed_at_any_call_the_next_pass_has_the_same_result(case: str, after: bool) -> None:
    """Committed, published, cleaned: wherever a pass dies, the next one ends as an undisturbed one would."""
    manifest, outputs = CASES[case]
    world, files = a_world(*outputs)
    expected = outcome(world, run_merge(manifest, world, files, TO))
    for calls in spread(case):
        world, files = a_world(*outputs)
        life = Life(calls, after)
        try:
            committed = run_merge(manifest, world, files, TO, ports=mortal(world.ports, life))
        except Killed:
            committed = run_merge(manifest, world, files, TO)
        assert outcome(world, committed) == expected, f"killed at call {calls}"
        if life.spent < calls:
            return
    pytest.fail("it never came to its end")


def spread(case: str) -> Iterator[int]:
    """Every call; of the many reads of `reduce` every ninth."""
    yield from range(1, 1000, 9 if case == "reduce" else 1)


@pytest.mark.parametrize("case", ["lines", "reduce"])
def test_a_pass_that_runs_out_of_time_begins_again(case: str) -> None:
    """Stopped at its n-th checkpoint, for every n: the next pass ends with the same result."""
    manifest, outputs = CASES[case]
    outputs = outputs * 5 if case == "lines" else outputs
    world, files = a_world(*outputs)
    asked: list[int] = []
    expected = outcome(world, run_merge(manifest, world, files, TO, checkpoint=lambda _: asked.append(1)))
    assert len(asked) >= 1
    for last in range(1, len(asked) + 1):
        world, files = a_world(*outputs)
        with pytest.raises(OutOfTime):
            run_merge(manifest, world, files, TO, checkpoint=_after(last))
        assert outcome(world, run_merge(manifest, world, files, TO)) == expected


def _after(calls: int) -> Any:
    left_over = iter(range(calls - 1))

    def checkpoint(_: MergeCursor) -> None:
        if next(left_over, None) is None:
            raise OutOfTime

    return checkpoint


class _Slow:
    """Every read takes 10 ms and is counted while it goes on."""

    def __init__(self, world: World) -> None:
        self._work = world.work
        self._lock = threading.Lock()
        self.now = self.most = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._work, name)

    def stream(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        threading.Event().wait(0.01)
        yield from self._work.stream(*args, **kwargs)
        with self._lock:
            self.now -= 1


@pytest.mark.parametrize("by", ["lines", "csv"])
def test_many_small_outputs_are_read_several_at_once_and_in_order(by: str) -> None:
    """400 outputs, 10 ms each, eight at a time: order is kept, and reading is not one after the other."""
    reduce = Reduce(by=("k",), count=("k2",)) if by == "csv" else None
    outputs = [b"k,k2\n%04d,1\n" % number for number in range(400)]
    world, files = a_world(*outputs)
    slow = _Slow(world)
    data = result(world, run_merge(merging(by, reduce=reduce), world, files, ports=with_work(world, slow)))
    expected = b"".join(outputs) if by == "lines" else b"k,k2_count\n" + b"".join(b"%04d,1\n" % n for n in range(400))
    assert data == expected
    assert 4 <= slow.most <= 8


class _Vast:
    """Outputs of any length that are nowhere, and writes that are slow and forgotten."""

    def stream(self, *_: str, offset: int, length: int, **__: Any) -> Iterator[bytes]:
        yield (b"x" * 1023 + b"\n") * (length // 1024)

    def stage(self, *_: Any) -> None:
        threading.Event().wait(0.01)

    def head(self, *_: str) -> BlobItem | None:
        return None

    def commit(self, *_: Any, **__: Any) -> str:
        return "0x1"


def test_memory_does_not_grow_with_the_outputs() -> None:
    """400 MiB in four outputs pass through less than 100 MiB, though writing is slower than reading."""
    world, _ = a_world()
    files = [TaskOutput(number, "out", 100 * 2**20, "0x1") for number in range(4)]
    tracemalloc.start()
    fact = run_merge(merging("lines"), world, files, ports=with_work(world, _Vast())).fact
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (fact.bytes, fact.records) == (400 * 2**20, 400 * 1024)
    assert peak < 100 * 2**20


def test_records_of_one_output_are_counted_as_the_merge_would() -> None:
    """What `output.recordsPerUnit` is held against; a form without records is a defect to ask for."""
    assert count_records(merging("lines"), iter([b"a\nb", b"\nc"])) == 3
    assert count_records(merging("csv"), iter([b'h\n"1', b'\n"\n2\n'])) == 2
    assert count_records(merging("json"), iter([b'[1, {"a"', b":[2, 3]}]"])) == 2
    assert count_records(merging("json"), iter([b"7"])) == 1
    with pytest.raises(Refused, match="this task"):
        count_records(merging("json"), iter([b"[1"]))
    with pytest.raises(Defect):
        count_records(merging("concat"), iter([b"a"]))


def test_a_name_of_an_output_may_hold_folders() -> None:
    """OUTPUT_PATH may lie in a folder: the output is read where it was left."""
    world, _ = a_world()
    files = [put(world, 0, "deep/er/out.txt", b"a\n")]
    assert result(world, run_merge(merging("lines"), world, files)) == b"a\n"
    assert world.work.head(output_container(JOB), f"{task_id(0)}/deep/er/out.txt") is not None
