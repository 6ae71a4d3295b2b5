"""The user's own splitter and recombiner: one run each, on a node of its own, and nothing left of them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.loop.ground import Container, Ground, Program
from tests.loop.test_jobs import RANGE, number

SPLITTER = """
version: 1
container: {image: "localhost/demo:1"}
input: {blob: data/big.bin}
split:
  by: container
  container: {image: "localhost/cutter:1", args: [$(INPUT_PATH), $(OUTPUT_DIR)]}
merge: {by: concat}
"""
RECOMBINER = (
    RANGE
    + """
merge:
  by: container
  to: "data/{jobId}.txt"
  ifExists: replace
  container:
    command: [python, /recombine.py]
    args: [$(INPUT_DIR), -o, $(OUTPUT_PATH)]
    environment: {LEDGER: $(LEDGER_PATH)}
"""
)


def cutter(rows: list[dict[str, object]] | None) -> Program:
    """Cuts its input at `|`; names its parts in parts.jsonl where `rows` says so."""

    def program(container: Container) -> None:
        if container.spec.image != "localhost/cutter:1":
            container.write(container.read())
            return
        text = container.files[container.args[0]].decode()
        for index, part in enumerate(text.split("|")):
            container.write(part.encode(), f"{index}.dat")
        if rows is not None:
            container.write("\n".join(json.dumps(row) for row in rows).encode(), "parts.jsonl")

    return program


def recombine(container: Container) -> int:
    """Numbers from the tasks; their sum, and what the ledger said, from the recombiner."""
    if container.spec.id != "once":
        number(container)
        return 0
    inputs = {name: data for name, data in container.files.items() if name.startswith(container.env["INPUT_DIR"])}
    assert all(name.startswith(container.args[1]) for name in inputs)
    ledger = [json.loads(line) for line in container.files[container.env["LEDGER"]].splitlines()]
    used = [container.files[f"{container.env['INPUT_DIR']}/{path}"] for row in ledger for path in row["outputs"]]
    states = ",".join(row["state"] for row in ledger)
    container.write(f"{sum(map(int, used))} of {len(ledger)}: {states}\n".encode())
    return 0


def test_the_users_splitter_makes_the_parts() -> None:
    """Without parts.jsonl its files in byte order are the parts, one unit each."""
    ground = Ground()
    ground.put("data/big.bin", "one|two|three")
    ground.drop(SPLITTER)
    ground.settle(cutter(None))
    status = ground.status()
    assert (status["state"], status["units"]["kind"], status["units"]["merged"]) == ("succeeded", "units", 3)
    assert ground.blob(status["links"]["result"]) == b"onetwothree"
    assert ground.left() == []
    receipt = json.loads(ground.blob(f"results/{status['jobId']}/receipt.json"))
    assert f"{status['jobId']}-split" in [item["id"] for item in receipt["deleted"]]


def test_parts_jsonl_names_order_and_units() -> None:
    """Only what it names counts, in its order, with its units."""
    ground = Ground()
    ground.put("data/big.bin", "one|two|three")
    ground.drop(SPLITTER)
    ground.settle(cutter([{"path": "2.dat", "units": 5}, {"path": "0.dat", "units": 2}]))
    status = ground.status()
    assert (status["units"]["total"], status["tasks"]["total"]) == (7, 2)
    assert ground.blob(status["links"]["result"]) == b"threeone"


@pytest.mark.parametrize(
    "rows", [[{"path": "9.dat", "units": 1}], [{"path": "0.dat", "units": 0}], [{"units": 1}], [{"path": 3}]]
)
def test_a_list_of_parts_that_does_not_hold_fails_the_split(rows: list[dict[str, object]]) -> None:
    """SPLIT names the row."""
    ground = Ground()
    ground.put("data/big.bin", "one|two")
    ground.drop(SPLITTER)
    ground.settle(cutter(rows))
    failure = ground.status()["failure"]
    assert failure["code"] == "SPLIT"
    assert "row 1" in failure["message"]
    assert ground.left() == []


def test_a_part_that_is_named_twice_fails_the_split() -> None:
    """It would be in the result twice: SPLIT names the second row."""
    ground = Ground()
    ground.put("data/big.bin", "one|two|three")
    ground.drop(SPLITTER)
    ground.settle(cutter([{"path": "1.dat"}, {"path": "0.dat"}, {"path": "1.dat"}]))
    failure = ground.status()["failure"]
    assert failure["code"] == "SPLIT"
    assert "'1.dat' in row 3" in failure["message"]
    assert "named before" in failure["message"]


def test_a_splitter_that_fails_is_named_with_its_stderr() -> None:
    """SPLIT after its retries; no pool of the job's own was asked for; nothing is left."""

    def program(container: Container) -> int:
        container.stderr = "cannot cut\n"
        return 3

    ground = Ground()
    ground.put("data/big.bin", "one|two")
    ground.drop(SPLITTER)
    ground.settle(program)
    failure = ground.status()["failure"]
    assert (failure["code"], failure["evidence"]["exitCode"], failure["evidence"]["runs"]) == ("SPLIT", 3, 4)
    assert failure["evidence"]["stderr"] == "cannot cut\n"
    ground.world.clock.advance(timedelta(days=4))
    ground.tick()
    assert ground.left() == []


def test_a_splitter_takes_many_blobs_as_a_list_file() -> None:
    """INPUT_PATH is the list file; its rows name files that are there."""
    ground = Ground()
    for name in "ab":
        ground.put(f"data/in/{name}.txt", name)

    def program(container: Container) -> None:
        if container.spec.id != "once":
            container.write(container.read())
            return
        rows = [json.loads(line) for line in container.read().splitlines()]
        container.write(b"+".join(container.files[row["path"]] for row in rows), "all.txt")

    ground.drop(SPLITTER.replace("blob: data/big.bin", 'blobs: "data/in/*.txt"'))
    ground.settle(program)
    assert ground.blob(ground.status()["links"]["result"]) == b"a+b"


def test_the_users_recombiner_makes_the_result() -> None:
    """INPUT_DIR holds the outputs, LEDGER_PATH their order; the file at OUTPUT_PATH is published."""
    ground = Ground()
    ground.drop(RECOMBINER)
    ground.settle(recombine)
    status = ground.status()
    assert status["state"] == "succeeded"
    assert status["links"]["result"] == f"data/{status['jobId']}.txt"
    assert ground.blob(status["links"]["result"]) == b"10 of 5: merged,merged,merged,merged,merged\n"
    assert ground.result(status["jobId"])["result"]["mergedBy"] == "container"
    assert ground.left() == []


def test_a_recombiner_sees_only_what_was_accepted() -> None:
    """A failed task's row says so and has no output."""
    ground = Ground()
    ground.drop(RECOMBINER + "failure: {tolerated: 1}\n")
    ground.settle(lambda c: 1 if c.spec.id != "once" and c.args[0] == "3" else recombine(c))
    status = ground.status()
    assert ground.blob(status["links"]["result"]) == b"7 of 5: merged,merged,merged,failed,merged\n"


def test_a_recombiner_that_fails_is_a_failed_merge_and_the_outputs_are_kept() -> None:
    """state failed MERGE; the good work stays for retention.otherwise."""
    ground = Ground()
    ground.drop(RECOMBINER)
    job = ground.status()["jobId"]
    for _ in range(60):
        ground.round(lambda c: 9 if c.spec.id == "once" else recombine(c))
    status = ground.status()
    assert (status["state"], status["failure"]["code"]) == ("failed", "MERGE")
    assert status["cleanup"]["state"] == "retained"
    assert ground.left() == [f"container {job}-input", f"container {job}-output"]


def test_a_recombiner_may_leave_nothing_where_nothing_is_published() -> None:
    """`to: none`: it went elsewhere."""
    ground = Ground()
    ground.drop(RECOMBINER.replace('to: "data/{jobId}.txt"', "to: none").replace("  ifExists: replace\n", ""))
    ground.settle(lambda c: None if c.spec.id == "once" else number(c))
    status = ground.status()
    assert (status["state"], status["links"]["result"], status["units"]["merged"]) == ("succeeded", None, 5)


def test_a_recombiner_that_leaves_nothing_is_a_failed_merge() -> None:
    """Where a result is due, its absence is told."""
    ground = Ground()
    ground.drop(RECOMBINER)
    ground.settle(lambda c: None if c.spec.id == "once" else number(c))
    assert "left no file" in ground.status()["failure"]["message"]


@pytest.mark.parametrize("manifest", [SPLITTER, RECOMBINER])
def test_a_cancel_while_a_side_runs_leaves_nothing(manifest: str) -> None:
    """Before the verdict the job is cancelled, after it the recombiner goes on; either way nothing is left."""
    ground = Ground()
    ground.put("data/big.bin", "one|two")
    ground.drop(manifest)
    for _ in range(12):
        ground.round(number, most=0 if manifest is SPLITTER else None)
        if any(name.endswith(("-split", "-merge")) for name in ground.world.batch.jobs):
            break
    ground.drop("", "job.yaml.cancel")
    ground.settle(cutter(None) if manifest is SPLITTER else recombine)
    assert ground.status()["state"] == ("cancelled" if manifest is SPLITTER else "succeeded")
    assert ground.left() == []


def test_without_any_unit_the_recombiner_does_not_run() -> None:
    """allowEmpty: the empty result, no pool."""
    ground = Ground()
    manifest = RECOMBINER.replace("input: {range: {stop: 5}}", "input: {items: [], allowEmpty: true}")
    ground.drop(manifest.replace('args: ["$(BATCHDROP_UNIT_START)"]', "args: [x]"))
    ground.settle(recombine)
    status = ground.status()
    assert (status["state"], ground.blob(status["links"]["result"])) == ("succeeded", b"")
    assert ground.world.batch.pools == {}
