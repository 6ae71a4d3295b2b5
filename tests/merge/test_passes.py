"""A merge that takes more than one pass, or is killed anywhere: the same bytes, whatever is in the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.merge.registry import joiner_of
from controller.merge.run import TaskOutput
from controller.merge.sizes import Sizes
from controller.merge.survey import parts_hash
from shared.errors import Refused, Unsupported
from shared.manifest.models import Manifest, Reduce
from tests.fakes.world import World
from tests.merge.ground import JOB, a_world, chunked, content, left, merging, result
from tests.merge.passes import TO, Passes

SMALL = Sizes(block=40, piece=50, compose_from=1, lines_from=0, batch=3, beat=1)
"""Every request is a checkpoint."""
LEVELS = replace(SMALL, piece=2000, blocks=3)
TEXTS = [b"one\ntwo", b"", b"three\n" * 30, b"four\n", b"x" * 120] * 4
TABLES = [b'a,b\n1,"x\ny"\n', b"", b"a,b\n" + b"2,zz\n" * 30, b'a,b\n3,"%s"' % (b'q""\n' * 20)] * 4
VALUES = [b'[1, {"a": [1, "b\\u00e9"]}, 2]', b"", b"7", b'["%s"]' % (b"long " * 40), b"[]"] * 4
SORTED = [b"k,n\n" + b"".join(b"%03d,%d\n" % (key, key) for key in range(start, 60, 7)) for start in range(7)] * 10


class Case:
    """A manifest, its outputs, how they are cut; `refuses`: the store cannot compose."""

    def __init__(self, manifest: Manifest, outputs: list[bytes], sizes: Sizes = SMALL, refuses: bool = False) -> None:
        self.manifest, self.outputs, self.sizes, self.refuses = manifest, outputs, sizes, refuses

    def passes(self) -> Passes:
        world, files = a_world(*self.outputs)
        world.work.unsupported = self.refuses
        return Passes(self.manifest, world, files, self.sizes)


STREAMED = replace(SMALL, compose_from=10**9)
CASES = {
    "concat composed": Case(merging("concat"), TEXTS),
    "concat composed in levels": Case(merging("concat"), TEXTS, LEVELS),
    "concat where composing is refused": Case(merging("concat"), TEXTS, refuses=True),
    "concat streamed": Case(merging("concat"), TEXTS, STREAMED),
    "long outputs composed": Case(merging("lines"), TEXTS, replace(SMALL, piece=20)),
    "lines composed": Case(merging("lines"), TEXTS),
    "lines composed in levels": Case(merging("lines"), TEXTS, replace(SMALL, piece=2000, blocks=6)),
    "lines where composing is refused": Case(merging("lines"), TEXTS, refuses=True),
    "lines streamed": Case(merging("lines"), TEXTS, STREAMED),
    "csv": Case(merging("csv"), TABLES),
    "json": Case(merging("json"), VALUES),
    "zip": Case(merging("zip"), TEXTS),
    "reduce": Case(merging("csv", reduce=Reduce(by=("k",), sum=("n",))), SORTED),
}


def end(passes: Passes, committed: Any) -> tuple[Any, ...]:
    """What must be the same: the bytes, where they are, what is told of them; the hash by its kind alone."""
    fact = committed.fact.model_dump(exclude={"etag", "at", "hash", "hash_kind"})
    assert result(passes.world, committed) == content(passes.world, TO)
    assert left(passes.world, "results") == {}
    return fact, committed.taken, left(passes.world, "data")


def undisturbed(case: Case) -> tuple[Any, ...]:
    passes = case.passes()
    return end(passes, passes.go())


@pytest.mark.parametrize("name", CASES)
def test_one_checkpoint_a_pass_is_enough(name: str) -> None:
    """Passes that end at their first checkpoint come to the end, with the bytes of one that is let alone."""
    case = CASES[name]
    passes = case.passes()
    committed, count = passes.one_checkpoint_each()
    assert end(passes, committed) == undisturbed(case)
    assert count > 2
    kinds = {"parts"} if passes.kept[-1].blocks else {"sha256", "parts"}
    assert committed.fact.hash_kind in kinds
    if committed.fact.hash_kind == "parts":
        assert committed.fact.hash == parts_hash(passes.files)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", CASES)
def test_killed_at_any_request_it_ends_in_the_same_bytes(name: str, after: bool) -> None:
    """Before it or after it: the next pass, with the last cursor that was saved, leaves the same."""
    case = CASES[name]
    expected = undisturbed(case)
    for calls in range(1, 2000) if name != "reduce" else range(1 + after, 2000, 5):
        passes = case.passes()
        committed, killed = passes.killed_at(calls, after=after)
        assert end(passes, committed) == expected, f"killed at request {calls}"
        if not killed:
            return
    pytest.fail("it never came to its end")


@pytest.mark.parametrize("name", CASES)
def test_blocks_that_storage_has_forgotten_are_staged_again(name: str) -> None:
    """After a week nothing is left of them: the merge notices at its commit, and begins anew."""
    case = CASES[name]
    passes = case.passes()
    assert passes.go() is not None
    cursors = [cursor for cursor in passes.kept if cursor.blocks]
    for cursor in cursors[:: max(1, len(cursors) // 4)]:
        fresh = case.passes()
        fresh.kept.append(cursor)
        assert end(fresh, fresh.go()) == undisturbed(case)


def test_composing_and_streaming_give_the_same_bytes() -> None:
    """For concat and lines, whatever the outputs end with; only the hash tells which way it was."""
    for by in ("concat", "lines"):
        found = [CASES[f"{by} {way}"].passes() for way in ("composed", "streamed", "where composing is refused")]
        facts = [each.go().fact for each in found]
        assert len({content(each.world, TO) for each in found}) == 1
        assert [fact.hash_kind for fact in facts] == ["parts", "sha256", "sha256"]


def test_a_cursor_of_other_blocks_is_not_gone_on_with() -> None:
    """A new deployment cuts otherwise: what the old one staged is not mixed with its own."""
    case = CASES["json"]
    passes = case.passes()
    passes.go()
    old = next(cursor for cursor in passes.kept if cursor.blocks > 2)
    fresh = case.passes()
    fresh.kept.append(old)
    fresh.sizes = replace(SMALL, block=64)
    assert end(fresh, fresh.go()) == undisturbed(case)


# ---------------------------------------------------------------------------------- states


def pieces(joiner_by: str, outputs: list[bytes], lengths: list[int]) -> Iterator[Callable[[Any], bytes]]:
    """The calls that join the outputs, one at a time."""
    yield lambda joiner: joiner.start()
    for index, data in enumerate(outputs):
        yield lambda joiner, index=index: joiner.open(f"t-{index:06d}")
        for chunk in chunked(data, lengths):
            yield lambda joiner, chunk=chunk: joiner.take(chunk)
        yield lambda joiner: joiner.close()
    yield lambda joiner: joiner.finish()


OUTPUTS = {"lines": TEXTS[:5], "concat": TEXTS[:5], "csv": TABLES[:4], "json": VALUES[:5]}


@pytest.mark.parametrize("by", OUTPUTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=40)
@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4), wait=st.integers(1, 30))
def test_a_joiner_goes_on_from_its_state(by: str, lengths: list[int], wait: int) -> None:
    """At any point where it tells its state: a fresh one that was told it, by way of JSON, answers the same."""
    joiner, fresh_every = joiner_of(merging(by).merge), wait
    told, joined = 0, b""
    for number, call in enumerate(pieces(by, OUTPUTS[by], lengths)):
        if number % fresh_every == 0 and (state := joiner.state()) is not None:
            joiner = joiner_of(merging(by).merge)
            joiner.resume(json.loads(json.dumps(state)))
            told += 1
        joined += call(joiner)
    whole = joiner_of(merging(by).merge)
    assert joined == b"".join(call(whole) for call in pieces(by, OUTPUTS[by], [10_000]))
    assert joiner.records == whole.records
    assert told > 0


def test_a_state_stays_small_however_much_is_read() -> None:
    """It is kept in the record: a thousand outputs of any form make no more of it."""
    for by, outputs in OUTPUTS.items():
        joiner = joiner_of(merging(by).merge)
        for call in pieces(by, outputs * 50, [7]):
            call(joiner)
            assert len(json.dumps(joiner.state())) < 1000


# ---------------------------------------------------------------------------------- requests


def composed(count: int, length: int, by: str = "concat") -> tuple[World, list[TaskOutput]]:
    world, files = a_world(*[b"%06d" % number + b"-" * (length - 7) + b"\n" for number in range(count)])
    return world, files


def test_composing_costs_one_request_for_each_output() -> None:
    """And a handful more; no byte of the outputs is read."""
    world, files = composed(3000, 400)
    passes = Passes(merging("concat"), world, files, to=None)
    before = world.work.calls.copy()
    fact = passes.go().fact
    made = {name: count - before[name] for name, count in world.work.calls.items() if count > before[name]}
    assert made == {"stage_from": 3000, "commit": 1, "head": 2, "list": 1}
    assert (fact.hash_kind, fact.bytes, fact.records) == ("parts", 3000 * 400, None)


def test_lines_cost_one_more_request_of_one_byte() -> None:
    """Where they are long enough for that; short ones are read, and their lines counted."""
    world, files = composed(300, 400)
    sizes = Sizes(compose_from=1, lines_from=400)
    assert Passes(merging("lines"), world, files, sizes, None).go().fact.records is None
    assert (world.work.calls["stage_from"], world.work.calls["stream"]) == (300, 300)
    world, files = composed(300, 399)
    fact = Passes(merging("lines"), world, files, sizes, None).go().fact
    assert (fact.records, world.work.calls["stage_from"]) == (300, 0)


def test_a_long_output_is_composed_range_by_range() -> None:
    """The service takes only so much into one block."""
    world, files = a_world(b"0123456789" * 13)
    passes = Passes(merging("concat"), world, files, Sizes(piece=50, compose_from=1), None)
    assert result(world, passes.go()) == b"0123456789" * 13
    assert world.work.calls["stage_from"] == 3


def test_what_no_blob_can_hold_is_refused() -> None:
    """By what there is too much of, and before anything is read."""
    world, files = a_world(b"x" * 200, b"y")
    passes = Passes(merging("concat"), world, files, replace(SMALL, blocks=4), None)
    with pytest.raises(Refused, match=r"more than one result can hold: t-000000/out alone has 200 bytes"):
        passes.go()


def test_levels_lie_in_the_jobs_own_container_and_are_counted() -> None:
    """More pieces than a blob has blocks: intermediate blobs, each found again by a later pass."""
    case = CASES["concat composed in levels"]
    passes = case.passes()
    passes.go()
    made = left(passes.world, f"{JOB}-output", "_merge/compose-")
    first = [data for name, data in made.items() if name.startswith("_merge/compose-0-")]
    assert b"".join(first) == b"".join(case.outputs)
    assert len(made) > len(first) > 1
    staged = passes.world.work.calls["stage_from"]
    passes.world.work.delete("data", "out/final")
    passes.go()
    assert passes.world.work.calls["stage_from"] - staged < 9


def test_an_output_without_md5_is_streamed() -> None:
    """What the hash of a composed result is made of must be known; the bytes are the same."""
    case = CASES["concat composed"]
    passes = case.passes()
    passes.files[2] = TaskOutput(2, "out", passes.files[2].length, passes.files[2].etag)
    fact = passes.go().fact
    assert (fact.hash_kind, passes.world.work.calls["stage_from"]) == ("sha256", 0)
    assert content(passes.world, TO) == b"".join(case.outputs)


def test_a_store_that_refuses_is_asked_once() -> None:
    """The next passes know."""
    passes = CASES["concat where composing is refused"].passes()
    passes.world.work.unsupported = False
    passes.world.work.fail_next("stage_from", Unsupported("APINotImplemented", 501, "no"))
    fact = passes.go().fact
    assert (fact.hash_kind, passes.world.work.calls["stage_from"]) == ("sha256", 1)
