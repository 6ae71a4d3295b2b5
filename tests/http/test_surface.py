"""HTTP from the outside: nobody without a key, nothing too large, no way out of the drop box, never a page."""

from __future__ import annotations

import json

import pytest
from werkzeug.test import Client

from shared.names import JOBS
from tests.http.site import AUTHORISED, KEY, MASTER_KEY, SYSTEM_KEY
from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import RANGE, number

FUNCTIONS = [
    ("GET", "/api/jobs"),
    ("POST", "/api/jobs?path=a.yaml"),
    ("GET", "/api/jobs/bd-a-0123456789ab"),
    ("GET", "/api/jobs/bd-a-0123456789ab/result"),
    ("POST", "/api/jobs/bd-a-0123456789ab/cancel"),
    ("POST", "/api/jobs/bd-a-0123456789ab/retry"),
    ("GET", "/api/openapi.json"),
]
PAGE = "<script>alert(1)</script>"


def files(ground: Ground) -> list[str]:
    return [item.name for item in ground.world.control.list(JOBS)]


@pytest.mark.parametrize(("method", "path"), FUNCTIONS)
def test_no_function_is_open(method: str, path: str, client: Client, ground: Ground) -> None:
    """Without a key, with a wrong one, or with that of the webhooks: 401, no word, and nothing is done."""
    keys: tuple[dict[str, str], ...] = ({}, {"x-functions-key": "wrong"}, {"x-functions-key": SYSTEM_KEY})
    for headers in keys:
        answer = client.open(path, method=method, headers=headers, data=RANGE)
        assert (answer.status_code, answer.data) == (401, b"")
    assert files(ground) == []
    both = "&" if "?" in path else "?"
    for key in (KEY, MASTER_KEY):
        assert client.open(path, method=method, headers={"x-functions-key": key}, data=RANGE).status_code != 401
        assert client.open(f"{path}{both}code={key}", method=method, data=RANGE).status_code != 401


def test_a_body_is_bounded(client: Client, ground: Ground) -> None:
    """A manifest has 1 byte to 1 MiB; the answer to a larger one is short, and it is not written."""
    full = RANGE.encode() + b"#" * (2**20 - len(RANGE))
    for body, status in ((b"", 400), (full + b"#", 413), (b"x" * 20_000_000, 413)):
        answer = client.post("/api/jobs?path=a.yaml", data=body, headers=AUTHORISED)
        assert (answer.status_code, len(answer.data) < 500) == (status, True)
        assert files(ground) == []
    assert client.post("/api/jobs?path=a.yaml", data=full, headers=AUTHORISED).status_code == 202
    assert files(ground) == ["a.yaml"]


@pytest.mark.parametrize(
    "path",
    [
        "../status/a.yaml",
        "a/../../batchdrop/records/b.json",
        "%2e%2e/status/a.yaml",
        "..%2Fstatus%2Fa.yaml",
        "/a.yaml",
        "a//b.yaml",
        "./a.yaml",
        "a./b.yaml",
        "a%5C..%5Cb.yaml",
        "a%00.yaml",
        "a%0d%0aX: y.yaml",
        "a%7f.yaml",
        "a%c2%85.yaml",
        "a%ef%bf%bf.yaml",
        "a" * 901 + ".yaml",
        "a/" * 300 + "b.yaml",
        ".hidden.yaml",
        "a.txt",
        "a.yaml.cancel",
        "",
    ],
)
def test_no_path_leaves_the_drop_box(path: str, client: Client, ground: Ground) -> None:
    """Steps, encoded or not, empty parts, control characters, what is no manifest: 400, and nothing is written."""
    answer = client.post(f"/api/jobs?path={path}", data=RANGE, headers=AUTHORISED)
    assert answer.status_code == 400
    assert [each["rule"] for each in answer.json["problems"]] == ["path"]
    assert files(ground) == []
    assert list(ground.world.control.list("status")) == []


ID = "bd-a-0123456789ab"


@pytest.mark.parametrize("job", ["..", "%2e%2e", "..%2F..%2Fstatus", f"{ID}%00", f"{ID}%0a", ID.upper(), "a" * 5000])
def test_no_job_id_leads_elsewhere(job: str, client: Client, ground: Ground) -> None:
    """What is no id of a job is 404 before storage is asked."""
    ground.world.control.calls.clear()
    ground.world.work.calls.clear()
    for method, path in (("GET", ""), ("GET", "/result"), ("POST", "/cancel"), ("POST", "/retry"), ("GET", "/nothing")):
        answer = client.open(f"/api/jobs/{job}{path}", method=method, headers=AUTHORISED)
        assert answer.status_code == 404
        assert len(answer.data) < 500
    assert not ground.world.control.calls
    assert not ground.world.work.calls


def test_nothing_is_ever_a_page(client: Client, ground: Ground) -> None:
    """Names, labels, messages and stderr may hold markup: what carries them says that it is data."""

    def fails(container: Container) -> int:
        container.stderr = PAGE
        return 1

    ground.drop(RANGE + f"labels: {{a: '{PAGE}'}}\nlimits: {{maxTaskRetryCount: 0}}\n", f"{PAGE}/job.yaml")
    ground.drop(f"version: 1\n'{PAGE}': 1\n", "wrong.yaml")
    for _ in range(12):
        ground.round(fails)
    job = ground.status(f"{PAGE}/job.yaml")["jobId"]
    asked = ["/api/jobs", f"/api/jobs/{job}", f"/api/jobs/{job}/result", f"/api/jobs/{PAGE}", "/api/openapi.json"]
    answers = [client.get(path, headers=AUTHORISED) for path in asked]
    answers.append(client.post(f"/api/jobs?path={PAGE}", data=RANGE, headers=AUTHORISED))
    assert [PAGE in json.dumps(answer.json) for answer in answers[1:3]] == [True, True]
    for answer in answers:
        assert answer.content_type == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
    for blobs in (ground.world.control, ground.world.work):
        for name, container in blobs._containers.items():
            found = {stored.content_type for stored in container.blobs.values()}
            assert not [each for each in found if "html" in each or "xml" in each], name


def test_busy_storage_is_503(client: Client, ground: Ground) -> None:
    """What is not the caller's doing says so, and when to ask again."""
    from shared.errors import Transient

    ground.world.control.fail_next("names", Transient("storage is busy"))
    answer = client.get("/api/jobs", headers=AUTHORISED)
    assert (answer.status_code, answer.json["problems"][0]["rule"]) == (503, "busy")


def test_methods_that_are_not_published_are_not_found(client: Client) -> None:
    """PUT, DELETE, OPTIONS and TRACE reach no function."""
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert client.open("/api/jobs", method=method, headers=AUTHORISED).status_code == 404


def test_a_whole_job_by_http(client: Client, ground: Ground) -> None:
    """Dropped, read, and its result fetched, all with the key."""
    answer = client.post("/api/jobs?path=team/a.yaml", data=RANGE, headers=AUTHORISED)
    assert answer.json["manifest"] == "jobs/team/a.yaml"
    ground.event("team/a.yaml")
    (job,) = client.get("/api/jobs", headers=AUTHORISED).json["jobs"]
    assert client.get(f"/api/jobs/{job['jobId']}/result", headers=AUTHORISED).status_code == 404
    ground.settle(number)
    assert client.get(f"/api/jobs/{job['jobId']}/result", headers=AUTHORISED).json["state"] == "succeeded"
    assert client.get("/api/jobs", headers=AUTHORISED).json == {"jobs": []}


def test_a_job_that_is_over_is_no_open_job(client: Client, ground: Ground) -> None:
    """Its containers are kept for a retry; it is listed until it is final, and not after."""
    ground.drop(RANGE + "limits: {maxTaskRetryCount: 0}\n")
    while not ground.status()["final"]:
        ground.round(lambda _: 1)
    assert ground.open_jobs()
    assert client.get("/api/jobs", headers=AUTHORISED).json == {"jobs": []}


def test_a_key_is_in_no_log(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """In the header or in the address, right or wrong: what is logged of a request holds no key."""
    with caplog.at_level(0):
        for key in (KEY, "a-wrong-key"):
            client.get("/api/jobs", headers={"x-functions-key": key})
            client.get(f"/api/jobs?code={key}")
            client.get(f"/api/jobs/{ID}?code={key}")
    assert KEY not in caplog.text
    assert "a-wrong-key" not in caplog.text
