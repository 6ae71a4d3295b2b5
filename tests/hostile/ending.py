"""All hostility ends: the controllers have the time they need, and then everything must be as promised."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from controller.dropbox import Kind, classify
from controller.threads import alone
from shared.names import JOBS, RESULTS, STATUS, status_blob
from tests.hostile.foreign import CONTAINER, SPECS, touched
from tests.hostile.jobs import FAILS_AS, KINDS, READING, SOURCES, end_of
from tests.hostile.land import Land, Site

ROUNDS = 300
HALF_AN_HOUR = timedelta(minutes=30)


def quiet(land: Land) -> None:
    """Every worker comes to its end, every hint arrives; time goes on until no job is open. Then who slept wakes up."""
    land.batch.old.clear()
    for worker in list(land.workers):
        land.go(worker, None)
    run_down(land)
    for worker in land.frozen:
        land.go(worker, None)
    run_down(land)
    for _ in range(8):
        land.clock.advance(HALF_AN_HOUR)
        for site in land.sites:
            fire(site, "reap")
            fire(site, "tick")
            deliver(site)


def calm(land: Land) -> None:
    """Nobody does anything wrong until every job that is open has its result."""
    for _ in range(ROUNDS):
        for site in land.sites:
            fire(site, "tick")
            deliver(site)
        land.run_tasks(None)
        land.clock.advance(timedelta(seconds=20))
        if all(record["final"] for record in land.witness.records.values()):
            return
    raise AssertionError("not final")


def run_down(land: Land) -> None:
    for number in range(ROUNDS):
        for site in land.sites:
            fire(site, "tick")
            if number % 4 == 0:
                fire(site, "sweep")
            deliver(site)
        land.run_tasks(None)
        if number >= 4 and not any(site.open_jobs() for site in land.sites):
            return
        land.clock.advance(timedelta(seconds=20) if number < 60 else timedelta(minutes=5))
    open_jobs = [land.witness.records.get(job, job) for site in land.sites for job in site.open_jobs()]
    raise AssertionError(f"still open: {open_jobs}")


def fire(site: Site, which: str) -> None:
    """Where that timer is alive."""
    if which in site.dead:
        return
    with alone():
        site.timers()[which](site.world.ports)


def deliver(site: Site) -> None:
    with alone():
        for _ in range(ROUNDS):
            site.collect()
            if not site.hints:
                return
            site.hints.pop(0).trigger(site.world.ports)
    raise AssertionError(f"{site.name}: hints breed hints")


def judge_end(land: Land) -> None:
    """Every job final and as it must be; every manifest answered; nothing left that costs money."""
    assert not land.witness.wrongs, land.witness.wrongs
    for job, record in land.witness.records.items():
        judge_job(land, job, record)
    for site in land.sites:
        judge_answers(site)
    assert left(land) == []
    assert touched(land.batch, land.work) == []


def judge_job(land: Land, job: str, record: dict[str, Any]) -> None:
    assert record["final"], f"{job} is not final"
    assert record["archived"], f"{job} is not archived"
    assert job in land.witness.results, f"{job} has no result.json"
    result = json.loads(land.witness.results[job])
    status = json.loads(read(land, f"{job}/status.json"))
    assert status["final"], f"{job}: {status['state']} is not final"
    assert (status["state"], status["units"]) == (result["state"], drop(result["units"], "tolerated"))
    code = (result["failure"] or {}).get("code")
    kind = record["plan"]["manifest"]["name"]
    state, merged = end_of(kind, record["plan"]["manifest"]["container"]["environment"].get("FAILS", "none"))
    if code in excuses(land, job, kind):
        return
    assert result["state"] == state, f"{job}: {result['failure']}"
    assert state != "failed" or code == FAILS_AS.get(kind, "TASKS_FAILED"), f"{job}: {result['failure']}"
    if merged is not None and not land.inputs_changed:
        assert read(land, result["result"]["path"].partition("/")[2]) == merged
    if kind == "files" and not land.inputs_changed:
        for name in ("a", "b"):
            assert read(land, f"{job}/files/{name}.out") == SOURCES[f"in/{name}.txt"]


def excuses(land: Land, job: str, kind: str) -> set[str]:
    """The names of ends that someone else's deeds may have brought about."""
    record = land.witness.records[job]
    before = record["retry"]["of"] if record["retry"] else []
    codes = {code for each in (job, *before) for code in land.spoilt.get(each, ())}
    if land.idled:
        codes.add("STUCK")
    if before and land.frozen:
        codes.add("INPUT_CHANGED")  # accepted by one who slept until what he was to merge was gone
    if any(path == record["manifest"]["path"] for _, path in land.cancelled):
        codes.add("CANCELLED")
    if land.inputs_changed and kind in READING:
        codes |= {"INPUT_CHANGED", "INPUT_MISSING", "SPLIT", "TASKS_FAILED", "MERGE"}
    return codes


def judge_answers(site: Site) -> None:
    """Each manifest that lies in the drop box has the status of that very version, and it is final."""
    for item in site.control.list(JOBS):
        if classify(item.name) is not Kind.MANIFEST:
            continue
        status = next(iter(site.control.list(STATUS, status_blob(item.name), metadata=True)), None)
        assert status is not None, f"{item.name} has no status"
        assert unquote(status.metadata["manifest_etag"]) == item.etag, f"{item.name}: status of another version"
        assert status.metadata["final"] == "true", f"{item.name}: {status.metadata['state']}"
        blob = site.control.read(JOBS, item.name)
        said = blob.content.decode() if blob else ""
        if "retryOf" in said:
            continue
        assert (status.metadata["state"] == "rejected") == (said == KINDS["wrong"]), f"{item.name}: {status.metadata}"


def left(land: Land) -> list[str]:
    pools = [f"pool {pool.id}" for pool in land.batch.owned_pools() if pool.id not in SPECS]
    jobs = [f"job {job.id}" for job in land.batch.owned_jobs()]
    return (
        pools + jobs + [f"container {item.name}" for item in land.work.list_containers("bd-") if item.name != CONTAINER]
    )


def read(land: Land, name: str) -> bytes:
    blob = land.work.read(RESULTS, name)
    assert blob is not None, f"no blob {RESULTS}/{name}"
    return blob.content


def drop(numbers: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in numbers.items() if name != key}
