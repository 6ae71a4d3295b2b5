"""Jobs on the running stack: real SDKs, real Azurite, real task processes, a functions host of its own."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.e2e.conftest import Person

pytestmark = pytest.mark.stack
SLEEPER = """
version: 1
container: {image: "localhost/wordcount:1", command: [sleep], args: ["60"]}
input: {range: {stop: 6}}
merge: {by: none}
"""
FAILER = """
version: 1
container: {image: "localhost/wordcount:1", args: [-i, /no/such/file, -o, $(OUTPUT_PATH)]}
input: {range: {stop: 3}}
limits: {maxTaskRetryCount: 1}
"""

ONE_FAILS = """
version: 1
container:
  image: "localhost/wordcount:1"
  command: [sh, -c, 'test "$BATCHDROP_TASK_INDEX" != 1 -o -n "$MENDED" && echo $BATCHDROP_UNIT_START > $OUTPUT_PATH']
input: {range: {stop: 3}}
split: {unitsPerTask: 1}
limits: {maxTaskRetryCount: 0}
failure: {tolerated: 1}
merge: {by: lines, to: "results/numbers.txt"}
"""

CANARY = """
version: 1
container:
  image: "localhost/wordcount:1"
  command:
    - sh
    - -c
    - 'test "$UNIT" != 2 || exit 3; echo $UNIT said >&2; echo $UNIT > $OUTPUT_PATH'
  environment: {UNIT: $(BATCHDROP_UNIT_START)}
input: {range: {stop: 4}}
split: {unitsPerTask: 1}
merge: {by: lines}
failure: {skipOn: [3]}
canary: true
logs: all
"""


def test_a_canary_goes_first_and_skipped_units_are_left_out(person: Person) -> None:
    """One task alone, then the rest: exit code 3 is skipped, and every task's words are kept."""
    person.drop("canary.yaml", CANARY)
    status = person.wait("canary.yaml", lambda s: bool(s["final"]) and s["cleanup"]["state"] == "retained")
    job, units = status["jobId"], status["units"]
    assert (status["state"], status["complete"], units["merged"], units["skipped"]) == ("succeeded", False, 3, 1)
    assert person.read(status["links"]["result"]) == b"0\n1\n3\n"
    assert status["attempts"]["retries"] == 0
    said = {n: person.read(f"results/{job}/logs/t-{n:06d}/stderr.txt") for n in range(4)}
    assert said == {0: b"0 said\n", 1: b"1 said\n", 2: b"", 3: b"3 said\n"}
    tasks = [json.loads(line) for line in person.read(f"results/{job}/failed.jsonl").splitlines()]
    assert [(row["reason"], row["exitCode"]) for row in tasks] == [("SKIPPED", 3)]


def test_a_task_that_fails_for_ever_is_named_with_its_stderr(person: Person) -> None:
    """After its retries: failed, task, exit code, the end of stderr; only what retention keeps is left."""
    person.drop("fail.yaml", FAILER)
    status = person.wait("fail.yaml", lambda s: bool(s["final"]) and s["cleanup"]["state"] == "retained")
    failure = status["failure"]
    assert (status["state"], failure["code"]) == ("failed", "TASKS_FAILED")
    assert failure["task"].startswith("t-00000")
    assert failure["evidence"]["exitCode"] not in (0, None)
    assert failure["evidence"]["runs"] == 2
    assert "no/such/file" in failure["evidence"]["stderr"]
    assert person.left(status["jobId"]) == [f"{status['jobId']}-input", f"{status['jobId']}-output"]
    rows = [json.loads(line) for line in person.read(status["links"]["failed"]).splitlines()]
    assert b"no/such/file" in person.read(rows[0]["logs"] + "stderr.txt")


def test_a_copy_of_retry_yaml_makes_the_result_whole(person: Person) -> None:
    """One of three tasks failed; the retry runs it alone, and its result takes the place of the first one."""
    person.drop("numbers.yaml", ONE_FAILS)
    first = person.wait("numbers.yaml", lambda s: bool(s["final"]) and s["cleanup"]["state"] == "retained")
    assert (first["state"], first["units"]["failed"]) == ("succeeded", 1)
    assert person.read("results/numbers.txt") == b"0\n2\n"
    retry = person.read(first["links"]["retry"]).decode()
    person.drop("again.yaml", retry + 'container: {environment: {MENDED: "yes"}}\n')
    second = person.cleaned("again.yaml")
    assert (second["state"], second["complete"], second["attempts"]["runs"]) == ("succeeded", True, 1)
    assert person.read("results/numbers.txt") == b"0\n1\n2\n"
    assert person.left(second["jobId"]) == []


def test_an_image_that_cannot_be_pulled_fails_the_job_and_says_so(person: Person) -> None:
    """IMAGE_PULL within seconds, naming the image."""
    person.drop("image.yaml", FAILER.replace("wordcount:1", "nosuchthing:7"))
    failure = person.final("image.yaml")["failure"]
    assert failure["code"] == "IMAGE_PULL"
    assert "nosuchthing:7" in failure["message"]


def test_a_cancel_ends_running_tasks_and_leaves_nothing(person: Person) -> None:
    """<manifest>.cancel while tasks sleep: cancelled in seconds."""
    person.drop("sleep.yaml", SLEEPER)
    person.wait("sleep.yaml", lambda s: s["tasks"]["running"] > 0)
    person.put("jobs/sleep.yaml.cancel", "")
    status = person.wait("sleep.yaml", lambda s: bool(s["final"]) and bool(s["times"]["cleaned"]))
    assert (status["state"], status["failure"]["code"]) == ("cancelled", "CANCELLED")
    assert status["units"]["notRun"] == 6
    assert [name for name in person.left(status["jobId"]) if not name.endswith(("-input", "-output"))] == []


def test_http_submits_reads_and_cancels(person: Person) -> None:
    """The same writes, through the function app's own door."""
    answer = person.http("POST", "jobs", params={"path": "web/a.yaml"}, data=SLEEPER + "name: web\n")
    assert answer.status_code == 202
    status = person.wait("web/a.yaml", lambda s: s["jobId"] is not None)
    job = status["jobId"]
    assert job in [entry["jobId"] for entry in person.http("GET", "jobs").json()["jobs"]]
    assert person.http("GET", f"jobs/{job}").json()["jobId"] == job
    assert person.http("GET", f"jobs/{job}/result").status_code == 404
    assert person.http("POST", f"jobs/{job}/cancel").status_code == 202
    person.final("web/a.yaml")
    assert person.http("GET", f"jobs/{job}/result").json()["state"] == "cancelled"


def test_a_bad_manifest_gets_one_answer_naming_every_problem(person: Person) -> None:
    """Four faults in one file, four problems with path, line, rule and fix; no resource is made."""
    person.drop("bad.yaml", "version: 1\ncontainer: {command: tail}\ncolour: blue\ninput: {blob: data/x, items: [1]}\n")
    status = person.final("bad.yaml")
    assert (status["state"], status["jobId"]) == ("rejected", None)
    assert {p["path"] for p in status["problems"]} >= {"container.command", "colour", "container.image", "input"}
    assert all(p["line"] and p["rule"] and p["fix"] for p in status["problems"])


def test_a_killed_host_comes_back_and_the_job_ends_with_each_line_once(person: Person) -> None:
    """SIGKILL while tasks run; the restarted host finishes the job from the record."""
    lines = "".join(f"{n:06d}\n" for n in range(2000))
    person.put("data/kill.txt", lines)
    person.drop(
        "kill.yaml",
        """
version: 1
container:
  image: localhost/wordcount:1
  command: [sh, -c, 'sleep 1; cat "$0" > "$1"', $(INPUT_PATH), $(OUTPUT_PATH)]
input: {blob: data/kill.txt}
split: {by: lines, unitsPerTask: 100}
merge: {by: lines, to: data/killed.txt, ifExists: replace}
""",
    )
    person.wait("kill.yaml", lambda s: s["tasks"]["total"] == 20)
    person.stack.kill_host()
    status = person.cleaned("kill.yaml")
    assert (status["state"], status["units"]["merged"]) == ("succeeded", 2000)
    merged = person.read("data/killed.txt")
    assert merged.decode() == lines
    result = json.loads(person.read(f"results/{status['jobId']}/result.json"))
    assert result["result"]["hash"] == {"kind": "sha256", "value": hashlib.sha256(merged).hexdigest()}
    assert person.left(status["jobId"]) == []
