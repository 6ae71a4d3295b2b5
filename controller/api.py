"""What HTTP may do: read, and write into the drop box. Shell; answers are (HTTP status, JSON-ready value).

Submitting, cancelling and retrying are the same writes that storage takes: one way in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

from controller import store
from controller.dropbox import CANCEL, Kind, classify
from controller.known import KnownRecords
from controller.report import status_document
from controller.tick import open_records
from shared.errors import Transient, Unreadable
from shared.http_auth import HttpAuth
from shared.names import JOBS, RESULTS, STATUS, JobId, result_blob, status_blob
from shared.ports import Ports

P = ParamSpec("P")
Answer = tuple[int, dict[str, Any]]
JOB_ID = re.compile(r"bd-[a-z0-9](-?[a-z0-9]){0,31}-[0-9a-f]{12}\Z")
PATH = re.compile("[^\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\\\\]{1,900}\\Z")
"""No control characters, and none that a listing, which is XML, cannot hold."""
MOST_FOLDERS = 200
MOST_BYTES = 2**20
OPENAPI = Path(__file__).with_name("openapi.json")


def door(handle: Callable[P, Answer]) -> Callable[P, Answer]:
    """What is not the caller's doing is 503: try again, or ask the newer deployment."""

    @wraps(handle)
    def answered(*args: P.args, **kwargs: P.kwargs) -> Answer:
        try:
            return handle(*args, **kwargs)
        except Unreadable as error:
            return 503, problem("newerRecord", str(error), "ask the deployment that wrote it")
        except Transient as busy:
            seconds = max(1, round(busy.delay.total_seconds()))
            return 503, problem("busy", str(busy), f"ask again in {seconds} s")

    return answered


def openapi(auth: HttpAuth) -> Answer:
    """What HTTP can be asked, as OpenAPI 3.1; of the ways in, those that this deployment knows."""
    document = json.loads(OPENAPI.read_text())
    document["security"] = [each for each in document["security"] if ("entra" in each) == auth.entra]
    return 200, document


@door
def list_jobs(ports: Ports) -> Answer:
    """Jobs that are not final, oldest first."""
    now = ports.clock.now()
    records = [record for record in open_records(ports, KnownRecords()) if record.final is None]
    keys = ("jobId", "manifest", "state", "final", "complete", "waiting", "tasks", "units", "times")
    jobs = [{key: document[key] for key in keys} for document in (status_document(r, now) for r in records)]
    return 200, {"jobs": jobs}


@door
def read_job(job: str, ports: Ports) -> Answer:
    """The job's status, open or ended."""
    if not JOB_ID.match(job):
        return no_such_job(job)
    loaded = store.load(ports.control, JobId(job))
    if loaded is None:
        return no_such_job(job)
    return 200, status_document(loaded.record, ports.clock.now())


def read_result(job: str, ports: Ports) -> Answer:
    """result.json: 404 until the job is final."""
    if not JOB_ID.match(job):
        return no_such_job(job)
    blob = ports.work.read(RESULTS, result_blob(JobId(job), "result.json"))
    if blob is None:
        return 404, problem(
            "notFinal", f"{job} has no result yet", "read its status; result.json appears when it is final"
        )
    return 200, json.loads(blob.content)


@door
def submit(path: str, content: bytes, ports: Ports) -> Answer:
    """Write a manifest into the drop box; 202 names where the answer will be."""
    if not is_path(path) or classify(path) is not Kind.MANIFEST:
        fix = "give ?path=<folder/name>.yaml, .yml or .json; no `..`, no leading slash, no leading . or _"
        return 400, problem("path", f"{path!r} is no manifest path", fix)
    if not content:
        return 400, problem("empty", "the manifest is empty", "send it as the body of the request")
    if len(content) > MOST_BYTES:
        return 413, problem("size", f"the manifest has {len(content)} bytes", "send at most 1 MiB")
    etag = ports.control.put(JOBS, path, content)
    return 202, {"manifest": f"{JOBS}/{path}", "etag": etag, "status": f"{STATUS}/{status_blob(path)}"}


@door
def cancel(job: str, ports: Ports) -> Answer:
    """Write `<manifest>.cancel`: every open job of that path that is not newer ends."""
    loaded = store.load(ports.control, JobId(job)) if JOB_ID.match(job) else None
    if loaded is None:
        return no_such_job(job)
    path = loaded.record.manifest.path + CANCEL
    ports.control.put(JOBS, path, b"cancel\n")
    return 202, {"cancel": f"{JOBS}/{path}", "status": f"{STATUS}/{status_blob(loaded.record.manifest.path)}"}


def retry(job: str, ports: Ports) -> Answer:
    """Copy retry.yaml of the job into the drop box, under a name of its own."""
    if not JOB_ID.match(job):
        return no_such_job(job)
    blob = ports.work.read(RESULTS, result_blob(JobId(job), "retry.yaml"))
    if blob is None:
        return 404, problem("noRetry", f"{job} left nothing to retry", "read its status: links.retry, once it is final")
    path = f"retries/{job}.yaml"
    ports.control.put(JOBS, path, blob.content)
    return 202, {"manifest": f"{JOBS}/{path}", "status": f"{STATUS}/{status_blob(path)}"}


def is_path(path: str) -> bool:
    """A blob name without tricks: storage and what lies before it may drop dots at the end of a folder."""
    parts = path.split("/")
    return bool(PATH.match(path)) and len(parts) <= MOST_FOLDERS and not any(p == "" or p.endswith(".") for p in parts)


def no_such_job(job: str) -> Answer:
    return 404, problem("notFound", f"there is no job {job[:80]!r}", "list open jobs with GET /api/jobs")


def problem(rule: str, message: str, fix: str) -> dict[str, Any]:
    return {"problems": [{"rule": rule, "message": message, "fix": fix}]}


@door
def part(method: str, job: str, name: str, ports: Ports) -> Answer:
    """`jobs/{id}/result`, `jobs/{id}/cancel` and `jobs/{id}/retry`."""
    match method, name:
        case "GET", "result":
            return read_result(job, ports)
        case "POST", "cancel":
            return cancel(job, ports)
        case "POST", "retry":
            return retry(job, ports)
        case _:
            return 404, problem("notFound", f"there is no {method} jobs/{{id}}/{name[:40]}", "see the README")
