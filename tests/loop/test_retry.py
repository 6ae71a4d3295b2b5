"""Retries: only what failed runs again, and one whole result comes of both jobs."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from controller import api
from shared.names import JobId, output_container
from tests.loop.ground import Container, Ground, Program
from tests.loop.test_jobs import BLOBS, LINES, RANGE, number
from tests.loop.test_sides import RECOMBINER, SPLITTER, cutter, recombine

TOLERATED = RANGE + "failure: {tolerated: 3}\n"
SUM = ("merged", "pending", "failed", "skipped", "notRun")
NUMBERS = b"0\n1\n2\n3\n4\n"


def fails_on(*bad: str) -> Program:
    """Writes its number, but for those."""

    def program(container: Container) -> int:
        if container.args[0] in bad:
            container.stderr = f"cannot do {container.args[0]}"
            return 1
        number(container)
        return 0

    return program


def adds_up(status: dict[str, Any]) -> bool:
    units, tasks = status["units"], status["tasks"]
    ended = sum(tasks[name] for name in ("pending", "running", "succeeded", "failed", "skipped", "notRun"))
    return bool(units["total"] == sum(units[name] for name in SUM) and tasks["total"] == ended)


def until_final(ground: Ground, program: Program, path: str = "job.yaml", rounds: int = 60) -> dict[str, Any]:
    """Go on until the job of that path is final, its pool and job gone; containers that are kept stay."""
    for _ in range(rounds):
        ground.round(program)
        status = ground.status(path)
        assert adds_up(status), status
        if status["final"] and status["times"] and status["times"]["cleaned"]:
            return status
    raise AssertionError(f"not final: {ground.status(path)}")


def ended(ground: Ground, manifest: str, program: Program, path: str = "job.yaml") -> dict[str, Any]:
    ground.drop(manifest, path)
    return until_final(ground, program, path)


def drop_retry(ground: Ground, of: dict[str, Any], path: str, more: str = "") -> dict[str, Any]:
    """Copy retry.yaml of an ended job into the drop box; the status of the copy."""
    assert of["links"]["retry"] == f"results/{of['jobId']}/retry.yaml"
    ground.drop(ground.blob(of["links"]["retry"]).decode() + more, path)
    return ground.status(path)


class Counting:
    """A program that counts its runs, by task."""

    def __init__(self, program: Program) -> None:
        self.tasks: list[str] = []
        self._program = program

    def __call__(self, container: Container) -> Any:
        self.tasks.append(container.env.get("BATCHDROP_TASK_ID", ""))
        return self._program(container)


def test_a_retry_runs_what_failed_and_its_result_is_whole() -> None:
    """Two of five failed, tolerated; the retry runs just these two, in order; its units are all of the first job's."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1", "3"))
    assert (first["state"], first["complete"], first["units"]["failed"]) == ("succeeded", False, 2)
    assert ground.blob(first["links"]["result"]) == b"0\n2\n4\n"
    retry = ground.result(first["jobId"])["retry"]
    assert retry["manifest"] == first["links"]["retry"]
    assert {left["until"] for left in first["cleanup"]["remaining"]} == {retry["until"]}
    assert f"Copy links.retry into jobs/ before {retry['until']}" in first["warnings"][-1]["message"]
    program = Counting(number)
    assert drop_retry(ground, first, "again.yaml")["tasks"]["succeeded"] == 3
    second = until_final(ground, program, "again.yaml")
    assert program.tasks == ["t-000001", "t-000003"]
    assert (second["state"], second["complete"]) == ("succeeded", True)
    assert ground.blob(second["links"]["result"]) == NUMBERS
    assert (second["units"]["total"], second["units"]["merged"], second["tasks"]["succeeded"]) == (5, 5, 5)
    assert second["attempts"]["runs"] == 2
    assert ground.result(second["jobId"])["name"] == ground.result(first["jobId"])["name"] == "job"
    assert (second["links"]["retry"], ground.result(second["jobId"])["retry"]) == (None, None)
    ground.settle(number)
    assert ground.left() == []
    assert ground.status()["links"]["retry"] is None


def test_a_failed_job_is_finished_by_its_retry_with_another_image() -> None:
    """What ran well in a job that failed is kept; the retry says another image, all else is as it was."""
    ground = Ground()
    ground.put("data/big.txt", "".join(f"line {n}\n" for n in range(12)))

    def first_version(container: Container) -> int | None:
        if "localhost/demo:2" not in container.spec.image and b"line 4\n" in container.read():
            return 1
        container.write(container.read() + container.files[container.env["CONFIG_PATH"]][:1])
        return None

    first = ended(ground, LINES, first_version)
    assert (first["state"], first["links"]["result"]) == ("failed", None)
    ground.world.work.delete("data", "big.txt")
    drop_retry(ground, first, "again.yaml", 'container: {image: "localhost/demo:2"}\n')
    program = Counting(first_version)
    second = until_final(ground, program, "again.yaml")
    assert (second["state"], second["complete"], program.tasks) == ("succeeded", True, ["t-000001"])
    expected = "".join(f"line {n}\n" + ("{\n" if n % 3 == 2 else "") for n in range(12))
    assert ground.blob(second["links"]["result"]).decode() == expected
    assert second["links"]["result"] == f"results/job-{second['jobId']}.txt"


def test_a_retry_takes_the_place_of_the_published_result() -> None:
    """merge.ifExists is fail: a stranger's blob is safe, the retried job's own result gives way."""
    ground = Ground()
    manifest = TOLERATED + 'merge: {to: "data/out.txt"}\n'
    first = ended(ground, manifest, fails_on("1"))
    assert ground.blob("data/out.txt") == b"0\n2\n3\n4\n"
    drop_retry(ground, first, "again.yaml")
    second = until_final(ground, number, "again.yaml")
    assert (second["links"]["result"], second["warnings"]) == ("data/out.txt", [])
    assert ground.blob("data/out.txt") == NUMBERS
    third = drop_retry(ground, first, "third.yaml")
    assert [problem["rule"] for problem in third["problems"]] == ["exists"]


def test_files_of_a_retry_replace_those_of_the_job() -> None:
    """merge.by files: the files that were there are copied again under the retry's name, the missing ones come in."""
    ground = Ground()
    for name in "abc":
        ground.put(f"data/in/{name}.txt", name)

    def fails_on_b(container: Container) -> int:
        container.write(container.read().upper())
        return 1 if container.read() == b"b" else 0

    manifest = BLOBS.replace("by: files", 'by: files, to: "data/out/"') + "failure: {tolerated: 1}\n"
    first = ended(ground, manifest, fails_on_b)
    assert ground.result(first["jobId"])["result"]["blobs"] == 2
    drop_retry(ground, first, "again.yaml")
    second = until_final(ground, lambda c: c.write(c.read().upper()), "again.yaml")
    assert (second["complete"], second["warnings"]) == (True, [])
    assert [ground.blob(f"data/out/{name}.out") for name in "abc"] == [b"A", b"B", b"C"]


def test_a_retry_of_a_retry_reaches_back_to_the_first_job() -> None:
    """Outputs lie in three jobs' containers; all are held until the last retry is merged, then all are dropped."""
    ground = Ground()
    first = ended(ground, TOLERATED + 'merge: {to: "data/out.txt"}\n', fails_on("1", "3"))
    drop_retry(ground, first, "second.yaml")
    second = until_final(ground, fails_on("3"), "second.yaml")
    assert (second["units"]["failed"], ground.blob("data/out.txt")) == (1, b"0\n1\n2\n4\n")
    ground.world.clock.advance(timedelta(days=2, hours=23))
    ground.tick()
    drop_retry(ground, second, "third.yaml")
    ground.world.clock.advance(timedelta(hours=4))
    ground.tick()
    program = Counting(number)
    third = until_final(ground, program, "third.yaml")
    assert (third["complete"], program.tasks) == (True, ["t-000003"])
    assert ground.blob("data/out.txt") == NUMBERS
    ground.settle(number)
    assert ground.left() == []
    assert list(ground.world.control.list("batchdrop", "pins/")) == []


def test_the_containers_are_held_while_a_retry_is_open() -> None:
    """Past their date they stay, and the status says that no date is known; when the retry is over they go."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1"))
    drop_retry(ground, first, "again.yaml")
    ground.world.clock.advance(timedelta(days=4))
    for _ in range(3):
        ground.round(number, most=0, step=timedelta(minutes=11))
    assert f"container {first['jobId']}-output" in ground.left()
    assert [left["until"] for left in ground.status()["cleanup"]["remaining"]] == [None, None]
    second = until_final(ground, number, "again.yaml")
    assert ground.blob(second["links"]["result"]) == NUMBERS
    ground.settle(number)
    assert ground.left() == []


def test_a_failed_merge_is_done_again_alone() -> None:
    """Every task went well, the merge did not: the retry asks for no pool and no job, and runs no task."""
    ground = Ground()
    manifest = "name: sums\n" + RANGE + "merge: {by: csv}\n"

    def other_header(container: Container) -> None:
        header = "b" if container.args[0] == "2" else "a"
        container.write(f"{header}\n{container.args[0]}\n".encode())

    first = ended(ground, manifest, other_header)
    assert (first["state"], first["failure"]["code"]) == ("failed", "MERGE")
    assert (first["units"]["pending"], first["tasks"]["succeeded"]) == (5, 5)
    drop_retry(ground, first, "again.yaml", "merge: {by: lines}\n")
    program = Counting(number)
    pools = len(ground.world.batch.pools)
    second = until_final(ground, program, "again.yaml")
    assert (second["state"], second["complete"], program.tasks) == ("succeeded", True, [])
    assert len(ground.world.batch.pools) <= pools
    assert second["attempts"]["runs"] == 0
    assert ground.blob(second["links"]["result"]) == b"a\n0\na\n1\nb\n2\na\n3\na\n4\n"


def test_a_second_drop_of_the_same_retry_is_the_same_job() -> None:
    """While it is open the same bytes under the same path make no second job."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1"))
    job = drop_retry(ground, first, "again.yaml")["jobId"]
    again = drop_retry(ground, first, "again.yaml")
    assert (again["jobId"], again["manifest"]["redelivered"]) == (job, 1)
    assert len(list(ground.world.control.list("batchdrop", "pins/"))) == 1


def test_a_cancelled_job_is_finished_by_its_retry() -> None:
    """What had run before the cancel is merged with what the retry runs."""
    ground = Ground()
    ground.drop(RANGE)
    ground.round(number, most=2)
    ground.drop("", "job.yaml.cancel")
    first = until_final(ground, number)
    assert (first["state"], first["units"]["pending"], first["units"]["notRun"]) == ("cancelled", 2, 3)
    drop_retry(ground, first, "again.yaml")
    program = Counting(number)
    second = until_final(ground, program, "again.yaml")
    assert (second["complete"], len(program.tasks)) == (True, 3)
    assert ground.blob(second["links"]["result"]) == NUMBERS


def test_a_cancelled_retry_can_be_retried_itself() -> None:
    """What the first job did is not lost with its cancelled retry."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1", "3"))
    drop_retry(ground, first, "second.yaml")
    ground.round(number, most=1)
    ground.drop("", "second.yaml.cancel")
    second = until_final(ground, number, "second.yaml")
    assert (second["state"], second["units"]["pending"], second["units"]["notRun"]) == ("cancelled", 4, 1)
    drop_retry(ground, second, "third.yaml")
    program = Counting(number)
    third = until_final(ground, program, "third.yaml")
    assert (third["complete"], program.tasks) == (True, ["t-000003"])
    assert ground.blob(third["links"]["result"]) == NUMBERS


REPORTING = """
version: 1
container: {image: "localhost/demo:1"}
input: {items: [a, b, c, d]}
split: {unitsPerTask: 2}
merge: {by: lines}
failure: {tolerated: 4}
"""


def reports(*units: int) -> Program:
    """The second task reports these units and writes the others."""

    def program(container: Container) -> int:
        lines = container.read().splitlines(keepends=True)
        second = container.env["BATCHDROP_TASK_INDEX"] == "1"
        if second and units == (-1,):
            return 1
        bad = units if second else ()
        container.write(b"".join(line for unit, line in enumerate(lines) if unit not in bad))
        container.report(*({"unit": unit, "error": "no"} for unit in bad))
        return 0

    return program


@pytest.mark.parametrize(
    ("again", "result", "failed"),
    [((), b'"a"\n"b"\n"c"\n"d"\n', 0), ((-1,), b'"a"\n"b"\n"d"\n', 1), ((0, 1), b'"a"\n"b"\n"d"\n', 1)],
    ids=["well", "failed", "more reported"],
)
def test_reported_units_run_again_with_their_task(again: tuple[int, ...], result: bytes, failed: int) -> None:
    """The whole task runs again; where that ends worse, what it left the first time counts, in later retries too."""
    ground = Ground()
    first = ended(ground, REPORTING, reports(0))
    assert (first["units"]["failed"], ground.blob(first["links"]["result"])) == (1, b'"a"\n"b"\n"d"\n')
    drop_retry(ground, first, "second.yaml")
    program = Counting(reports(*again))
    second = until_final(ground, program, "second.yaml")
    assert set(program.tasks) == {"t-000001"}
    assert (second["units"]["failed"], ground.blob(second["links"]["result"])) == (failed, result)
    if failed:
        drop_retry(ground, second, "third.yaml")
        third = until_final(ground, reports(), "third.yaml")
        assert (third["complete"], ground.blob(third["links"]["result"])) == (True, b'"a"\n"b"\n"c"\n"d"\n')


def test_missing_outputs_of_a_job_that_failed_early_run_again() -> None:
    """A job that ends early has not looked at its outputs: its retry does, before it counts a task as done."""
    ground = Ground()

    def leaves_nothing(container: Container) -> int:
        if container.args[0] != "0":
            container.write(container.args[0].encode() + b"\n")
        return 1 if container.args[0] == "4" else 0

    first = ended(ground, RANGE, leaves_nothing)
    assert first["state"] == "failed"
    drop_retry(ground, first, "again.yaml")
    program = Counting(number)
    second = until_final(ground, program, "again.yaml")
    assert {"t-000000", "t-000004"} <= set(program.tasks)
    assert ground.blob(second["links"]["result"]) == NUMBERS


def test_a_failed_recombiner_runs_again_alone() -> None:
    """The user's recombiner failed: the retry runs it over the outputs of the first job, and no task."""
    ground = Ground()

    def breaks(container: Container) -> int:
        return 1 if container.spec.id == "once" else recombine(container)

    first = ended(ground, RECOMBINER, breaks)
    assert (first["state"], first["failure"]["code"]) == ("failed", "MERGE")
    drop_retry(ground, first, "again.yaml")
    program = Counting(recombine)
    second = until_final(ground, program, "again.yaml")
    assert (second["state"], set(program.tasks)) == ("succeeded", {""})
    assert ground.blob(second["links"]["result"]) == b"10 of 5: merged,merged,merged,merged,merged\n"


def test_parts_of_the_users_splitter_are_not_cut_again() -> None:
    """The splitter does not run in a retry; the part that failed is read from where the first job has it."""
    ground = Ground()
    ground.put("data/big.bin", "one|two|three")

    def fails_on_two(container: Container) -> int | None:
        if container.spec.image != "localhost/cutter:1" and container.read() == b"two":
            return 1
        cutter(None)(container)
        return None

    first = ended(ground, SPLITTER, fails_on_two)
    assert first["state"] == "failed"
    drop_retry(ground, first, "again.yaml")
    program = Counting(cutter(None))
    second = until_final(ground, program, "again.yaml")
    assert (second["complete"], program.tasks) == (True, ["t-000001"])
    assert ground.blob(second["links"]["result"]) == b"onetwothree"


def test_parts_of_a_packed_table_are_kept() -> None:
    """A gzip CSV, counted: the retry needs neither the source nor a second reading of it."""
    ground = Ground()
    ground.put("data/table.csv.gz", gzip.compress(b"a,b\n" + b"".join(b"%d,x\n" % n for n in range(6))))

    def fails_on_row_2(container: Container) -> int | None:
        if b"2,x\n" in container.read():
            return 1
        container.write(container.read())
        return None

    manifest = LINES.replace("big.txt", "table.csv.gz").replace("by: lines, units", "by: csv, units")
    manifest = manifest.replace("by: lines, to", "by: csv, to") + "failure: {tolerated: 3}\n"
    first = ended(ground, manifest.replace("name: out.txt", "recordsPerUnit: 1"), fails_on_row_2)
    assert (first["units"]["failed"], first["units"]["total"]) == (3, 6)
    ground.world.work.delete("data", "table.csv.gz")
    drop_retry(ground, first, "again.yaml")
    program = Counting(lambda container: container.write(container.read()))
    second = until_final(ground, program, "again.yaml")
    assert (second["complete"], program.tasks) == (True, ["t-000000"])
    assert ground.blob(second["links"]["result"]) == b"a,b\n" + b"".join(b"%d,x\n" % n for n in range(6))


def test_lists_of_blobs_go_to_the_same_tasks() -> None:
    """Two blobs a task, by list file: the task that failed gets its own two again, whatever has been added since."""
    ground = Ground()
    for name in "abcdef":
        ground.put(f"data/in/{name}.txt", name)

    def upper(container: Container) -> None:
        for line in container.read().splitlines():
            row = json.loads(line)
            container.files[row["output"]] = container.files[row["path"]].upper()

    def fails_on_d(container: Container) -> int | None:
        if b"data/in/d.txt" in container.read():
            return 1
        upper(container)
        return None

    manifest = BLOBS + "split: {unitsPerTask: 2}\nfailure: {tolerated: 2}\n"
    first = ended(ground, manifest, fails_on_d)
    assert first["units"]["failed"] == 2
    ground.put("data/in/aa.txt", "late")
    drop_retry(ground, first, "again.yaml")
    program = Counting(lambda container: upper(container))
    second = until_final(ground, program, "again.yaml")
    assert (second["complete"], program.tasks, second["units"]["total"]) == (True, ["t-000001"], 6)
    folder = second["links"]["result"]
    assert [ground.blob(f"{folder}{name}.out") for name in "abcdef"] == [name.upper().encode() for name in "abcdef"]


def test_outputs_that_were_never_collected_cannot_be_merged() -> None:
    """merge.by: none collected nothing: another merge is refused, the same one runs what failed."""
    ground = Ground()
    first = ended(ground, RANGE + "merge: {by: none}\nfailure: {tolerated: 1}\n", fails_on("1"))
    text = ground.blob(first["links"]["retry"]).decode()
    assert "collected no outputs" in refused(ground, text + "merge: {by: lines}\n", "lines.yaml")
    drop_retry(ground, first, "again.yaml")
    second = until_final(ground, number, "again.yaml")
    assert (second["complete"], second["units"]["merged"], second["links"]["result"]) == (True, 5, None)


def test_another_merge_may_take_more_files_of_each_task() -> None:
    """By files all that tasks left counts, by concat the one at OUTPUT_PATH: each retry chooses anew."""
    ground = Ground()

    def two_files(container: Container) -> int:
        container.write(b"note", "note.txt")
        return fails_on("1")(container)

    first = ended(ground, TOLERATED, two_files)
    drop_retry(ground, first, "again.yaml", 'merge: {by: files, to: "data/all/{jobId}/"}\n')
    second = until_final(ground, number, "again.yaml")
    assert (second["state"], second["failure"]["code"]) == ("failed", "MERGE")
    drop_retry(ground, second, "third.yaml", "merge: {by: concat, to: data/all.txt}\n")
    third = until_final(ground, number, "third.yaml")
    assert (third["complete"], ground.blob("data/all.txt")) == (True, NUMBERS)


def refused(ground: Ground, manifest: str, path: str = "again.yaml") -> str:
    """The one problem of a retry that cannot be."""
    ground.drop(manifest, path)
    status = ground.status(path)
    assert (status["state"], status["final"], status["jobId"]) == ("rejected", True, None)
    (problem,) = status["problems"]
    assert (problem["path"], problem["rule"]) == ("input.retryOf", "retryOf")
    return str(problem["message"])


def test_what_cannot_be_retried_is_refused_by_name() -> None:
    """An unknown job, an open one, a whole one, one that ended before its split, one whose containers are gone."""
    ground = Ground()
    assert "there is no job bd-x-0123456789ab" in refused(ground, "version: 1\ninput: {retryOf: bd-x-0123456789ab}\n")
    ground.drop(RANGE)
    job = ground.status()["jobId"]
    retry = f"version: 1\ninput: {{retryOf: {job}}}\n"
    assert f"{job} is still open" in refused(ground, retry, "open.yaml")
    until_final(ground, number)
    assert "nothing to retry" in refused(ground, retry, "whole.yaml")
    unsplit = ended(ground, LINES.replace("big.txt}", "none.txt, waitAtMost: PT1S}"), number)
    assert (unsplit["failure"]["code"], unsplit["links"]["retry"]) == ("INPUT_MISSING", None)
    retry = f"version: 1\ninput: {{retryOf: {unsplit['jobId']}}}\n"
    assert "ended before its input was split" in refused(ground, retry, "unsplit.yaml")
    failed = ended(ground, RANGE, fails_on("1"))
    text = ground.blob(failed["links"]["retry"]).decode()
    ground.world.clock.advance(timedelta(days=3))
    assert "kept its containers until" in refused(ground, text, "late.yaml")
    assert list(ground.world.control.list("batchdrop", "pins/")) == []


def test_a_container_that_is_gone_is_named() -> None:
    """Someone deleted the outputs: the retry is refused before it costs anything."""
    ground = Ground()
    failed = ended(ground, RANGE, fails_on("1"))
    ground.world.work.delete_container(output_container(JobId(failed["jobId"])))
    message = refused(ground, ground.blob(failed["links"]["retry"]).decode())
    assert f"has lost its container {failed['jobId']}-output" in message


def test_a_job_that_keeps_nothing_offers_no_retry() -> None:
    """retention.otherwise PT0S: no retry.yaml, no link, and a retry is refused."""
    ground = Ground()
    failed = ended(ground, RANGE + "retention: {otherwise: PT0S}\n", fails_on("1"))
    assert (failed["links"]["retry"], ground.result(failed["jobId"])["retry"]) == (None, None)
    assert ground.world.work.read("results", f"{failed['jobId']}/retry.yaml") is None
    assert "was not to keep" in refused(ground, f"version: 1\ninput: {{retryOf: {failed['jobId']}}}\n")


def test_a_late_event_does_not_reject_what_was_accepted() -> None:
    """The retry is over and the first job's containers are gone: its manifest announced again changes nothing."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1"))
    drop_retry(ground, first, "again.yaml")
    ground.settle(number)
    before = ground.status("again.yaml")
    assert before["state"] == "succeeded"
    ground.event("again.yaml")
    assert ground.status("again.yaml") == before


def test_a_dry_run_of_a_retry_tells_what_is_left_to_do() -> None:
    """Tasks and nodes of the rest, units of the whole; nothing is pinned."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1", "3"))
    status = drop_retry(ground, first, "dry.yaml", "dryRun: true\n")
    assert (status["state"], status["jobId"], status["dryRun"]) == ("accepted", None, True)
    assert (status["plan"]["tasks"], status["plan"]["units"], status["plan"]["nodes"]) == (2, 5, 2)
    assert list(ground.world.control.list("batchdrop", "pins/")) == []


def test_a_retry_over_http_is_the_same_copy() -> None:
    """POST .../retry writes retry.yaml into the drop box; where there is none it says so."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1"))
    ports = ground.world.ports
    code, answer = api.part("POST", first["jobId"], "retry", ports)
    assert (code, answer["manifest"]) == (202, f"jobs/retries/{first['jobId']}.yaml")
    ground.sweep()
    second = until_final(ground, number, f"retries/{first['jobId']}.yaml")
    assert second["complete"] is True
    assert api.part("POST", second["jobId"], "retry", ports)[0] == 404
    assert api.part("POST", "x", "retry", ports)[0] == 404


def test_a_pin_without_a_retry_does_not_hold_for_ever() -> None:
    """An accept that died between its pin and its claim, and was never taken up again: the reaper removes the pin."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1"))
    ground.world.control.put("batchdrop", f"pins/{first['jobId']}/bd-never-0123456789ab", b"")
    ground.world.clock.advance(timedelta(days=4))
    ground.round(number)
    assert ground.left()
    ground.reap()
    ground.settle(number)
    assert ground.left() == []


def test_the_retry_file_is_a_manifest_a_person_can_read() -> None:
    """Two fields, and a word on what may be added."""
    ground = Ground()
    failed = ended(ground, RANGE, fails_on("1"))
    lines = ground.blob(failed["links"]["retry"]).decode().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "version: 1",
        f"input: {{retryOf: {failed['jobId']}}}",
    ]
    assert failed["failure"]["code"] == "TASKS_FAILED"
    rows = [json.loads(line) for line in ground.blob(failed["links"]["failed"]).splitlines()]
    assert "EXIT_CODE" in {row["reason"] for row in rows}


def test_a_retry_whose_outputs_are_gone_when_it_begins_says_so() -> None:
    """Someone deleted what it was to merge after it was accepted: it is named, and no task is blamed."""
    ground = Ground()
    first = ended(ground, TOLERATED, fails_on("1", "3"))
    ground.drop(ground.blob(first["links"]["retry"]).decode() + "config: data/config.json\n", "late.yaml")
    assert [each["code"] for each in ground.status("late.yaml")["waiting"]] == ["INPUT_MISSING"]
    gone = output_container(JobId(first["jobId"]))
    ground.world.work.delete_container(gone)
    ground.put("data/config.json", "{}")
    status = until_final(ground, number, "late.yaml")
    assert (status["state"], status["failure"]["code"]) == ("failed", "INPUT_CHANGED")
    assert gone in status["failure"]["message"]
