"""One blob, cut within storage or streamed: the same bytes, the same rows, whichever way and however often stopped."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from shared.errors import OutOfTime, Refused, Unsupported, Vanished
from shared.manifest.models import CsvDialect, Input, Manifest, Merge, Split
from shared.ports import Ports
from shared.record import InputFact, SplitCursor
from tests.builders import a_manifest
from tests.fakes.clock import VirtualClock
from tests.fakes.mortal import Killed, Life, mortal
from tests.fakes.world import World
from tests.split.ground import NOW, a_world, everything, frozen, inputs, ledger, run_split

MIB = 2**20
LINES = b"".join(b"line %d\n" % number for number in range(300))
LONG = (b"x" * MIB + b"\n") * 13
ROWS = b"id,text\r\n" + b"".join(b'%d,"a\r\nb"\r\n' % number for number in range(90))
PLAIN_ROWS = b"id,text\n" + b"".join(b"%d,word\n" % number for number in range(90))
ARRAY = b"[" + b", ".join(b'{"n": %d}' % number for number in range(90)) + b" ]\n"
FASTA = b"".join(b">seq%d\nACGT\nAC\n" % number for number in range(40))
FASTQ = b"".join(b"@read%d\nACGT\n+\n@III\n" % number for number in range(40))
MEMBERS = gzip.compress(LINES[:1000]) + gzip.compress(LINES[1000:]) + b"\0" * 7


def cut(by: str, **sizes: object) -> Manifest:
    """data/in.txt, cut in that way."""
    split = Split.model_validate({"by": by, **sizes})
    return a_manifest(input=Input(kind="blob", blob="data/in.txt"), split=split, merge=Merge(by="concat"))


CASES: dict[str, tuple[Manifest, bytes]] = {
    "lines by tasks": (cut("lines", tasks=7), LINES),
    "lines by size": (cut("lines", bytes_per_task=400), LINES),
    "lines counted": (cut("lines", units_per_task=40), LINES),
    "lines in blocks": (cut("lines", tasks=2), LONG),
    "lines in blocks counted": (cut("lines", units_per_task=6), LONG),
    "csv": (cut("csv", bytes_per_task=300), ROWS),
    "csv by small reads": (cut("csv", tasks=4, csv=CsvDialect(quoted_newlines=False)), PLAIN_ROWS),
    "csv in blocks": (cut("csv", units_per_task=7), b"text\n" + LONG),
    "json": (cut("json", units_per_task=20), ARRAY),
    "fasta": (cut("fasta", tasks=4), FASTA),
    "fastq": (cut("fastq", bytes_per_task=200), FASTQ),
    "records": (cut("bytes", record_size=10, tasks=5), LINES[:2000]),
    "gzip": (cut("lines", units_per_task=40), MEMBERS),
    "gzip by tasks": (cut("lines", tasks=5), MEMBERS),
    "gzip in blocks": (cut("lines", units_per_task=6), gzip.compress(LONG)),
    "gzip json": (cut("json", units_per_task=20), gzip.compress(ARRAY)),
    "gzip records": (cut("bytes", record_size=10, tasks=5), gzip.compress(LINES[:2000])),
    "gzip csv": (cut("csv", tasks=3), gzip.compress(ROWS)),
}
QUICK = [name for name in CASES if "blocks" not in name]


def a_store(blob: bytes, way: str) -> World:
    world = a_world(in_txt=blob)
    world.work.unsupported = way == "streamed"
    return world


WAYS = pytest.mark.parametrize("way", ["within storage", "streamed"])


@pytest.mark.parametrize("case", CASES)
def test_both_ways_give_the_same_bytes(case: str) -> None:
    """Ledger, inputs and cursor are the same to the byte; and they are what the rows say."""
    manifest, blob = CASES[case]
    found = []
    for way in ("within storage", "streamed"):
        world = a_store(blob, way)
        found.append((run_split(manifest, world.ports), everything(world)))
        assert [row.bytes for row in ledger(world)] == [len(part) for part in inputs(world).values()]
    assert found[0] == found[1]
    assert found[0][0].rows > 1


@pytest.mark.parametrize("case", ["lines by tasks", "lines counted", "lines in blocks", "fasta", "fastq", "records"])
def test_the_parts_are_the_input(case: str) -> None:
    """Where nothing is repeated, the parts in order are the input."""
    manifest, blob = CASES[case]
    world = a_store(blob, "within storage")
    run_split(manifest, world.ports)
    assert b"".join(inputs(world).values()) == blob


@pytest.mark.parametrize("case", ["gzip", "gzip by tasks"])
def test_the_parts_of_a_packed_input_are_its_content(case: str) -> None:
    """Members put together are one text, cut at its lines; `tasks` is as exact as for what is not packed."""
    manifest, blob = CASES[case]
    world = a_store(blob, "within storage")
    cursor = run_split(manifest, world.ports)
    assert b"".join(inputs(world).values()) == LINES
    plain = a_store(LINES, "within storage")
    assert cursor == run_split(manifest, plain.ports)
    assert everything(world) == everything(plain)


# ---------------------------------------------------------------------------------- what it costs


def test_a_part_costs_two_requests_and_a_small_read() -> None:
    """Found by one read, made by storage, committed: no byte of a part passes through here."""
    world = a_store(LINES * 500, "within storage")
    cursor = run_split(cut("lines", tasks=20), world.ports)
    calls = world.work.calls
    assert cursor.rows == 20
    assert (calls["stage_from"], calls["commit"]) == (21, 20), "one more asks whether the store can"
    assert calls["stage"] == calls["put"] - 1 == 0, "the input itself was put by the test"
    assert calls["stream"] == 1 + 1 + 19, "the first bytes, at the freeze and at the probe; one read a cut"


def test_a_repeated_header_costs_one_request_more() -> None:
    """The header is staged as bytes, the rows as a range."""
    world = a_store(b"text\n" + LONG, "within storage")
    manifest = cut("csv", bytes_per_task=3 * MIB, csv=CsvDialect(quoted_newlines=False))
    rows = run_split(manifest, world.ports).rows
    calls = world.work.calls
    assert (calls["stage"], calls["stage_from"], calls["commit"]) == (rows, rows + 1, rows)


def test_small_parts_in_memory_are_written_at_once() -> None:
    """What was read to count it, and is small, is one request and not two."""
    world = a_store(LINES, "within storage")
    assert run_split(cut("lines", units_per_task=1), world.ports).rows == 300
    assert world.work.calls["put"] == 1 + 300
    assert world.work.calls["commit"] == 0


def test_a_store_that_cannot_is_asked_once_a_pass() -> None:
    """One refused request, then everything is streamed."""
    world = a_store(LONG, "streamed")
    assert run_split(cut("lines", tasks=5), world.ports).rows == 5
    assert world.work.calls["stage_from"] == 1


def test_a_store_that_may_not_is_not_taken_for_one_that_cannot() -> None:
    """A refusal for want of rights is told as it is, and not hidden behind slow streaming."""
    world = a_store(LINES, "within storage")
    source = frozen(cut("lines", tasks=5), world.ports)
    world.work.fail_next("stage_from", Refused("CannotVerifyCopySource", 403, "no right to read the source"))
    with pytest.raises(Refused, match="no right") as caught:
        run_split(cut("lines", tasks=5), world.ports, source)
    assert not isinstance(caught.value, Unsupported)


# ---------------------------------------------------------------------------------- trouble


@WAYS
@pytest.mark.parametrize("case", QUICK)
def test_an_input_that_changes_is_named(case: str, way: str) -> None:
    """Overwritten after it was frozen: the split ends, and no part holds a byte of the newer version."""
    manifest, blob = CASES[case]
    world = a_store(blob, way)
    source = frozen(manifest, world.ports)
    world.work.put("data", "in.txt", blob)
    with pytest.raises(Vanished) as caught:
        run_split(manifest, world.ports, source)
    assert caught.value.thing == "data/in.txt"
    assert inputs(world) == {}


@WAYS
@pytest.mark.parametrize("case", ["lines by tasks", "lines in blocks", "csv by small reads"])
def test_an_input_that_changes_during_the_split_is_named(case: str, way: str) -> None:
    """Overwritten between two checkpoints: what is there is of the old version, and no more is made."""
    manifest, blob = CASES[case]
    expected = undisturbed(manifest, blob)[0]
    world = a_store(blob, way)

    def overwrite(_: SplitCursor) -> None:
        world.work.put("data", "in.txt", bytes(len(blob)))

    source = frozen(manifest, world.ports)
    with pytest.raises(Vanished):
        run_split(manifest, hurried(world.ports), source, checkpoint=overwrite)
    assert 0 < len(inputs(world)) < len(expected)
    assert all(expected[name] == content for name, content in inputs(world).items())


def test_gzip_data_that_is_cut_off_is_refused_by_name() -> None:
    """Whatever was found before the end, no task runs on the half of an input."""
    for sizes in ({"units_per_task": 40}, {"tasks": 5}):
        world = a_store(MEMBERS[:-40], "within storage")
        with pytest.raises(Refused, match="ends too early") as caught:
            run_split(cut("lines", **sizes), world.ports)
        assert caught.value.code == "SPLIT"


# ---------------------------------------------------------------------------------- interruptions


@dataclass
class Saved:
    """What the record holds between passes."""

    source: InputFact | None = None
    cursor: SplitCursor = field(default_factory=SplitCursor)

    def keep(self, cursor: SplitCursor) -> None:
        self.cursor = cursor


class Hurried(VirtualClock):
    """Six seconds go by at each look: every row is followed by a checkpoint."""

    def now(self) -> datetime:
        self.advance(timedelta(seconds=6))
        return super().now()


def hurried(ports: Ports) -> Ports:
    return replace(ports, clock=Hurried(NOW))


def one_pass(manifest: Manifest, ports: Ports, saved: Saved) -> None:
    """Freeze, then split on from what is saved."""
    saved.source = saved.source or frozen(manifest, ports)
    saved.cursor = run_split(manifest, ports, saved.source, saved.cursor, saved.keep).model_copy(update={"done": NOW})


def undisturbed(manifest: Manifest, blob: bytes) -> tuple[dict[str, bytes], SplitCursor]:
    world, saved = a_store(blob, "within storage"), Saved()
    one_pass(manifest, world.ports, saved)
    return everything(world), saved.cursor


def in_memory(manifest: Manifest, blob: bytes) -> list[bytes]:
    """What tasks read, in order."""
    world = a_store(blob, "within storage")
    run_split(manifest, world.ports)
    return list(inputs(world).values())


KILLED = ["lines by tasks", "lines counted", "lines in blocks", "csv by small reads", "json", "gzip", "gzip in blocks"]


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("case", KILLED)
@WAYS
def test_killed_at_any_call_the_next_pass_leaves_the_same_bytes(case: str, way: str, after: bool) -> None:
    """Whatever call a pass dies at, the next one goes on from its last row, and ends with the same bytes."""
    manifest, blob = CASES[case]
    expected = undisturbed(manifest, blob)
    for calls in range(1, 200):
        world, saved, life = a_store(blob, way), Saved(), Life(calls, after)
        try:
            one_pass(manifest, mortal(hurried(world.ports), life), saved)
        except Killed:
            one_pass(manifest, world.ports, saved)
        assert (everything(world), saved.cursor) == expected, f"killed at call {calls}"
        if life.spent < calls:
            return
    pytest.fail("it never came to its end")


@pytest.mark.parametrize("case", [*QUICK, "gzip in blocks"])
@WAYS
def test_stopped_after_every_row_it_ends_with_the_same_bytes(case: str, way: str) -> None:
    """Each pass is given one row, and a store of the other kind than the one before: nothing depends on either."""
    manifest, blob = CASES[case]
    expected = undisturbed(manifest, blob)
    world, saved = a_store(blob, way), Saved()

    def stop(cursor: SplitCursor) -> None:
        if cursor.rows > saved.cursor.rows:
            saved.keep(cursor)
            raise OutOfTime

    source = frozen(manifest, world.ports)
    for _ in range(expected[1].rows + 1):
        try:
            saved.keep(run_split(manifest, hurried(world.ports), source, saved.cursor, stop))
        except OutOfTime:
            world.work.unsupported = not world.work.unsupported
    assert (everything(world), saved.cursor.model_copy(update={"done": NOW})) == expected
