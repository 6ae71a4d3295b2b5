"""HTTP as it is deployed: over the network, through a Functions host with keys, over storage."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest
import schemathesis

from controller.caller import HEADER, READS, WRITES
from tests.http.asking import NO_GUARD, ask_all
from tests.http.jobs import MARKUP
from tests.http.principals import caller
from tests.http.real import ENTRA, RealHost, Storage, real_host, storage_with_jobs
from tests.http.site import AUTHORISED, KEY, MASTER_KEY, SYSTEM_KEY
from tests.http.test_surface import FUNCTIONS
from tests.loop.test_jobs import RANGE

pytestmark = pytest.mark.stack
EXAMPLES = 3
BODY = RANGE.encode()


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    with storage_with_jobs(tmp_path_factory.mktemp("azurite")) as running:
        yield running


@pytest.fixture(scope="module")
def keyed(storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHost]:
    with real_host(storage, tmp_path_factory.mktemp("keyed")) as running:
        yield running


@pytest.fixture(scope="module")
def guarded(storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealHost]:
    with real_host(storage, tmp_path_factory.mktemp("guarded"), ENTRA) as running:
        yield running


@pytest.fixture
def host(keyed: RealHost) -> RealHost:
    """By key, with nothing in the drop box."""
    keyed.empty()
    return keyed


def test_every_answer_over_the_network_is_as_published(host: RealHost) -> None:
    """Right and wrong requests of every operation, also about jobs that wait, run, failed, ended and were cancelled."""
    api = schemathesis.openapi.from_url(f"{host.url}/api/openapi.json", headers=AUTHORISED)
    told = ask_all(api, AUTHORISED, EXAMPLES, list(host.jobs.values()), anew=False)
    assert len({(method, path) for method, path, _ in told}) == 6  # the document itself is read by the loader
    assert {status for _, _, status in told} >= {200, 202, 400, 404}
    assert not [each for each in told if each[2] >= 500]


def test_a_real_job_is_told_by_its_state(host: RealHost) -> None:
    """Status, result, cancel and retry of jobs that were copied from a run."""

    def statuses(name: str) -> list[int]:
        job = f"/api/jobs/{host.jobs[name]}"
        asked = [("GET", ""), ("GET", "/result"), ("POST", "/retry"), ("POST", "/cancel")]
        return [host.ask(method, job + part, AUTHORISED).status for method, part in asked]

    assert statuses("good") == [200, 200, 404, 202]
    assert statuses("failed") == [200, 200, 202, 202]
    assert statuses("gone") == [200, 200, 404, 202]
    assert statuses("runs") == statuses("waits") == [200, 404, 404, 202]
    assert len([name for name in host.dropped() if name.endswith(".cancel")]) == 5


@pytest.mark.parametrize(("method", "path"), FUNCTIONS)
def test_the_host_asks_for_a_key(method: str, path: str, host: RealHost) -> None:
    """None, a wrong one, one with a line break in the address, that of the webhooks: 401 without a word."""
    sign = "&" if "?" in path else "?"
    for headers, code in (({}, ""), ({"x-functions-key": "wrong"}, ""), ({"x-functions-key": SYSTEM_KEY}, ""),
                          ({}, f"{sign}code=wrong"), ({}, f"{sign}code={KEY}%0a"), (caller(WRITES), "")):  # fmt: skip
        answer = host.ask(method, path + code, headers, BODY)
        assert (answer.status, answer.body) == (401, b"")
    assert host.dropped() == {}


@pytest.mark.parametrize(
    "path",
    [
        "../status/a.yaml",
        "..%2fstatus%2fa.yaml",
        "%2e%2e%2fbatchdrop%2fpolicy.yaml",
        "a%2f..%2f..%2fbatchdrop%2frecords%2fb.json",
        "a%5c..%5cb.yaml",
        "%2fa.yaml",
        "a%2f%2fb.yaml",
        "a%2f.%2fb.yaml",
        "a%00.yaml",
        "a.yaml%00",
        "a%0d%0aX:%20y.yaml",
        "a%c2%85.yaml",
        "a%ff%fe.cancel",
        "%ef%bf%bf.yaml",
        "a" * 901 + ".yaml",
        "a%2f" * 300 + "b.yaml",
        "a.txt",
        "a.yaml.cancel",
        "a.yaml&path=../b.yaml",
    ],
)
def test_no_path_that_is_sent_leaves_the_drop_box(path: str, host: RealHost) -> None:
    """Steps, NUL, line breaks and names beyond measure, encoded for the wire: 400, and no blob anywhere is touched."""
    answer = host.ask("POST", f"/api/jobs?path={path}", AUTHORISED, BODY)
    assert (answer.status, answer.rule) == (400, "path")
    assert host.dropped() == {}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("%e4%bd%9c%e6%a5%ad/%c3%a9.yaml", "作業/é.yaml"),
        ("%252e%252e%252fa.yaml", "%2e%2e%2fa.yaml"),
        ("a+b%20c%23d%3fe%26f.yaml", "a b c#d?e&f.yaml"),
        ("%3Cscript%3Ealert(1)%3C%2Fscript%3E.yaml", f"{MARKUP}.yaml"),
        ("a" * 120 + ".json", "a" * 120 + ".json"),
    ],
)
def test_a_name_is_kept_as_it_was_meant(path: str, name: str, host: RealHost) -> None:
    """Other alphabets, signs that mean something in addresses, what was encoded twice: decoded once, and one blob."""
    answer = host.ask("POST", f"/api/jobs?path={path}", AUTHORISED, BODY)
    assert answer.status == 202
    assert host.dropped() == {name: BODY}


JOBS = ("..", "%2e%2e%2fstatus", "..%2f..%2fbatchdrop%2fpolicy.yaml", "%00", "bd-a-0123456789ab%00", "x" * 4000,
        "bd-a-0123456789ab%0d%0aX:y", MARKUP.replace("/", "%2f"), "%ff%fe", "%e4%bd%9c")  # fmt: skip


@pytest.mark.parametrize("job", JOBS)
def test_no_job_id_that_is_sent_leads_elsewhere(job: str, host: RealHost) -> None:
    """404, short, and never a page."""
    for method, part in (("GET", ""), ("GET", "/result"), ("POST", "/cancel"), ("POST", "/retry")):
        answer = host.ask(method, f"/api/jobs/{job}{part}", AUTHORISED)
        assert (answer.status, len(answer.body) < 500) == (404, True)
        assert "html" not in answer.headers.get("content-type", "")
    assert host.dropped() == {}


def test_a_body_without_length_is_bounded(host: RealHost) -> None:
    """In chunks, of which nobody says how many come: as much as a manifest may have is taken, more is 413."""

    def chunks(size: int) -> Iterator[bytes]:
        for start in range(0, size, 65_536):
            yield b"#" * min(65_536, size - start)

    for size, status in ((2**20 + 1, 413), (3_000_000, 413), (0, 400)):
        answer = host.ask("POST", "/api/jobs?path=a.yaml", AUTHORISED, chunks(size), encode_chunked=True)
        assert (answer.status, len(answer.body) < 500) == (status, True)
        assert host.dropped() == {}
    assert host.ask("POST", "/api/jobs?path=a.yaml", AUTHORISED, chunks(2**20), encode_chunked=True).status == 202
    assert len(host.dropped()["a.yaml"]) == 2**20
    assert host.ask("POST", "/api/jobs?path=b.yaml", AUTHORISED, b"#" * 5_000_000).status == 413


@pytest.mark.parametrize(
    "kind", ["text/html", "application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
             "text/plain; charset=utf-16", "nonsense", f"a/{'b' * 3000}"])  # fmt: skip
def test_a_body_is_bytes_whatever_it_is_called(kind: str, host: RealHost) -> None:
    """The content type changes nothing: what was sent is what is dropped, and it is no page in storage either."""
    answer = host.ask("POST", "/api/jobs?path=a.yaml", {**AUTHORISED, "Content-Type": kind}, BODY)
    assert answer.status == 202
    assert host.dropped() == {"a.yaml": BODY}
    stored = host.storage.get_blob_client("jobs", "a.yaml").get_blob_properties().content_settings
    assert "html" not in stored.content_type


def test_a_packed_body_is_not_unpacked(host: RealHost) -> None:
    """A small bomb stays small: it is dropped as it came, and judged when it is accepted."""
    packed = gzip.compress(b"#" * 50_000_000)
    answer = host.ask("POST", "/api/jobs?path=a.yaml", {**AUTHORISED, "Content-Encoding": "gzip"}, packed)
    assert answer.status == 202
    assert host.dropped() == {"a.yaml": packed}


def test_markup_in_names_and_messages_is_never_a_page(host: RealHost) -> None:
    """In the manifest's path, labels and stderr: it comes back within JSON that says what it is."""
    failed, runs = host.jobs["failed"], host.jobs["runs"]
    asked = ["/api/jobs", f"/api/jobs/{failed}", f"/api/jobs/{failed}/result", f"/api/jobs/{runs}"]
    told = [host.ask("GET", path, {**AUTHORISED, "Accept": "text/html"}) for path in asked]
    assert sum(MARKUP.encode() in answer.body for answer in told) >= 3
    told.append(host.ask("POST", "/api/jobs?path=%3Cb%3E.txt", AUTHORISED, BODY))
    for answer in told:
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_hosts_log_holds_no_key(host: RealHost) -> None:
    """After requests with keys in header and address, right and wrong."""
    for key in (KEY, MASTER_KEY, "a-wrong-key"):
        host.ask("GET", "/api/jobs", {"x-functions-key": key})
        host.ask("GET", f"/api/jobs?code={key}")
    printed = host.program.printed()
    assert [key for key in (KEY, MASTER_KEY, "a-wrong-key") if key in printed] == []


def test_roles_decide_over_the_network(guarded: RealHost) -> None:
    """By Entra the host asks for no key, and the functions ask for the role; with it all is as published."""
    guarded.empty()
    asked = [guarded.ask(method, path, caller(READS), BODY).status for method, path in FUNCTIONS]
    assert [status == 403 for status in asked] == [method == "POST" for method, _ in FUNCTIONS]
    for headers in ({}, AUTHORISED, {"x-functions-key": MASTER_KEY}, {HEADER: "e30="}, {HEADER: "x" * 40_000}):
        assert {guarded.ask(method, path, headers, BODY).status for method, path in FUNCTIONS} == {401}
    assert guarded.dropped() == {}
    api = schemathesis.openapi.from_url(f"{guarded.url}/api/openapi.json", headers=caller(WRITES))
    told = ask_all(api, caller(WRITES), 2, list(guarded.jobs.values()), NO_GUARD, anew=False)
    assert {status for _, _, status in told} >= {200, 202, 404}


def test_webhooks_keep_their_own_keys(guarded: RealHost) -> None:
    """By Entra too: Event Grid comes with the system key; a role opens neither its address nor /admin."""
    event = [{"id": "1", "subject": "s", "eventType": "Batchdrop.Job.TasksEnded", "dataVersion": "1",
              "eventTime": "2026-01-01T00:00:00Z", "data": {"job": guarded.jobs["runs"], "wake": 1}}]  # fmt: skip

    def post(headers: dict[str, str]) -> int:
        how = {"aeg-event-type": "Notification", "Content-Type": "application/json", **headers}
        return guarded.ask(
            "POST", "/runtime/webhooks/EventGrid?functionName=on_tasks_ended", how, json.dumps(event).encode()
        ).status

    assert [post(headers) for headers in ({}, caller(WRITES), AUTHORISED)] == [401, 401, 401]
    assert post({"x-functions-key": SYSTEM_KEY}) == 202
    assert [guarded.ask("GET", "/admin/functions", headers).status for headers in ({}, caller(WRITES))] == [401, 401]


def test_without_the_guard_the_real_host_serves_nobody(
    storage: Storage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Set to Entra where the platform says nothing: 503 to everybody, forged headers included."""
    with real_host(storage, tmp_path_factory.mktemp("bare"), ENTRA | {"WEBSITE_AUTH_ENABLED": ""}) as bare:
        for headers in ({}, caller(WRITES), AUTHORISED):
            assert {bare.ask(method, path, headers, BODY).status for method, path in FUNCTIONS} == {503}
