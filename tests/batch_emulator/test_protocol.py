"""Signatures, versions, conditions, filters, pages and error bodies on the wire."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests
from azure.batch import models
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError

from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.batch_emulator.ground import Ground, refusal

VERSION = "api-version=2025-06-01"


def send(
    ground: Ground,
    path: str,
    query: str,
    *,
    method: str = "GET",
    signed_query: str | None = None,
    age: timedelta = timedelta(0),
    headers: Mapping[str, str] | None = None,
    length: str = "",
) -> requests.Response:
    """Send a request signed by hand; `signed_query` is what the signature covers, in lines."""
    date = format_datetime(datetime.now(UTC) - age, usegmt=True)
    lines = [method, "", "", length, *[""] * 8, f"ocp-date:{date}", f"/{DEVELOPMENT_ACCOUNT}{path}"]
    text = "\n".join([*lines, *(signed_query if signed_query is not None else query.replace("=", ":")).splitlines()])
    digest = hmac.new(base64.b64decode(DEVELOPMENT_KEY), text.encode(), hashlib.sha256).digest()
    authorization = f"SharedKey {DEVELOPMENT_ACCOUNT}:{base64.b64encode(digest).decode()}"
    sent = {"ocp-date": date, "Authorization": authorization, **(headers or {})}
    return requests.request(method, f"{ground.url}{path}?{query}", headers=sent, timeout=10)


def test_a_signed_request_is_answered(ground: Ground) -> None:
    """What the Python client signs is accepted; so are the .NET client's lower-case names and empty lengths."""
    assert send(ground, "/pools", VERSION).status_code == 200
    both = f"{VERSION}&timeOut=20"
    assert send(ground, "/pools", both, signed_query="api-version:2025-06-01\ntimeOut:20").status_code == 200
    assert send(ground, "/pools", both, signed_query="api-version:2025-06-01\ntimeout:20").status_code == 200
    for length in ("", "0"):
        answer = send(ground, "/jobs/x/enable", VERSION, method="POST", length=length)
        assert answer.json()["code"] == "JobNotFound"


def test_what_is_not_signed_right_is_refused(ground: Ground) -> None:
    """A wrong key, an old date, another query, a missing or unreadable header: each is refused."""
    wrong = ground.connect(base64.b64encode(b"another").decode())
    assert refusal(wrong.get_pool, "p") == "AuthenticationFailed"
    assert send(ground, "/pools", VERSION, age=timedelta(minutes=16)).status_code == 403
    assert send(ground, "/pools", VERSION, age=timedelta(minutes=-14)).status_code == 200
    assert send(ground, "/pools", VERSION, signed_query="api-version:2024-07-01.20.0").status_code == 403
    assert send(ground, "/pools", VERSION, headers={"Authorization": "SharedKey nothing"}).status_code == 400
    assert send(ground, "/pools", VERSION, headers={"Authorization": "Bearer x"}).status_code == 401
    assert requests.get(f"{ground.url}/pools?{VERSION}", timeout=10).status_code == 403


@pytest.mark.parametrize(
    ("version", "status"),
    [
        ("2023-05-01.17.0", 200),
        ("2024-02-01.19.0", 200),
        ("2025-06-01", 200),
        ("2026-10-01", 200),
        ("2022-10-01.16.0", 400),
        ("2027-01-01", 400),
        ("latest", 400),
    ],
)
def test_versions(ground: Ground, version: str, status: int) -> None:
    """Every version from 2023-05-01.17.0 to 2026-10-01 is answered, no other."""
    assert send(ground, "/jobs", f"api-version={version}").status_code == status


def test_what_the_address_lacks_is_named(ground: Ground) -> None:
    """No version, an unknown parameter, path or verb: each has its own status and code."""
    cases = [
        (("/pools", ""), 400, "MissingRequiredQueryParameter"),
        (("/pools", f"{VERSION}&colour=red"), 400, "UnsupportedQueryParameter"),
        (("/nothing", VERSION), 400, "InvalidUri"),
        (("/pools", f"{VERSION}&maxresults=1001"), 400, "OutOfRangeQueryParameterValue"),
        (("/pools", f"{VERSION}&maxresults=few"), 400, "InvalidQueryParameterValue"),
        (("/jobschedules", VERSION), 501, "NotImplemented"),
    ]
    for (path, query), status, code in cases:
        answer = send(ground, path, query, signed_query="\n".join(query.replace("=", ":").split("&")))
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
    assert send(ground, "/pools", VERSION, method="PUT", length="").status_code == 405


def test_errors_are_written_like_the_services(ground: Ground) -> None:
    """An error has code, message with request id and time, and values; the request id is in the headers too."""
    answer = send(
        ground,
        "/jobs/none",
        VERSION,
        headers={"client-request-id": "mine", "return-client-request-id": "true"},
    )
    body = answer.json()
    assert answer.status_code == 404
    assert body["code"] == "JobNotFound"
    assert f"RequestId:{answer.headers['request-id']}" in body["message"]["value"]
    assert answer.headers["client-request-id"] == "mine"
    assert "client-request-id" not in send(ground, "/jobs", VERSION, headers={"client-request-id": "x"}).headers


def test_conditions(ground: Ground) -> None:
    """A write with a stale ETag is refused by 412 and changes nothing; a read of what one knows gives 304."""
    ground.job()
    etag = ground.client.get_job("j").etag
    update = models.BatchJobUpdateOptions(priority=5)
    ground.client.update_job("j", update, etag=etag, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceModifiedError) as refused:
        ground.client.update_job("j", update, etag=etag, match_condition=MatchConditions.IfNotModified)
    assert refused.value.status_code == 412
    job = ground.client.get_job("j")
    with pytest.raises(HttpResponseError) as same:
        ground.client.get_job("j", etag=job.etag, match_condition=MatchConditions.IfModified)
    assert same.value.status_code == 304
    later = ground.emulator.world.now() + timedelta(seconds=5)
    with pytest.raises(HttpResponseError) as unchanged:
        ground.client.get_job("j", if_modified_since=later)
    assert unchanged.value.status_code == 304


def test_a_condition_on_an_absent_resource_says_not_found(ground: Ground) -> None:
    """If-Match: * on something that is not there is a 404."""
    with pytest.raises(ResourceNotFoundError):
        ground.client.update_job(
            "x", models.BatchJobUpdateOptions(priority=1), match_condition=MatchConditions.IfPresent
        )


def test_lists_come_in_pages_with_their_filter_and_selection(ground: Ground) -> None:
    """Pages follow each other by an absolute link that keeps filter, selection and size."""
    ground.job()
    for number in range(7):
        ground.task(f"t{number}")
    ground.task("other")
    pages = ground.client.list_tasks("j", max_results=3, filter="startswith(id,'T')", select=["id", "state"]).by_page()
    found = [[task.id for task in page] for page in pages]
    assert found == [["t0", "t1", "t2"], ["t3", "t4", "t5"], ["t6"]]
    task = next(iter(ground.client.list_tasks("j", select=["id", "state"])))
    assert set(task.as_dict()) == {"id", "state"}


def test_a_list_goes_on_where_it_was_though_things_are_deleted(ground: Ground) -> None:
    """Deleting what was listed does not make the next page skip anything."""
    ground.job()
    for number in range(6):
        ground.task(f"t{number}")
    pages = ground.client.list_tasks("j", max_results=3).by_page()
    first = [task.id for task in next(pages)]
    for name in first:
        ground.client.delete_task("j", name)
    assert [task.id for task in next(pages)] == ["t3", "t4", "t5"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("state eq 'completed'", {"good", "bad"}),
        ("state ne 'completed'", {"idle"}),
        ("executionInfo/result eq 'failure'", {"bad"}),
        ("executionInfo/result eq 'Failure' or id eq 'IDLE'", {"bad", "idle"}),
        ("state eq 'completed' and not (executionInfo/exitCode gt 0)", {"good"}),
        ("executionInfo/exitCode ge 3", {"bad"}),
        ("creationTime lt DateTime'2011-05-08T08:49:37Z'", set()),
        ("creationTime ge DateTime'2011-05-08T08:49:37.1234567Z' and startswith(id,'g')", {"good"}),
    ],
)
def test_filters(ground: Ground, text: str, found: set[str]) -> None:
    """Filters compare texts without case, numbers, dates and nested properties."""
    ground.pool(taskSlotsPerNode=2)
    ground.job()
    ground.programs.answers.update({"bad": 3, "idle": None})
    for name in ("good", "bad", "idle"):
        ground.task(name)
    ground.advance(2)
    assert {task.id for task in ground.client.list_tasks("j", filter=text)} == found


@pytest.mark.parametrize(
    "text",
    ["colour eq 'red'", "state eq", "state is 'x'", "(state eq 'x'", "id eq 'a' id", "state eq DateTime'soon'", "("],
)
def test_bad_filters_are_refused(ground: Ground, text: str) -> None:
    """A filter that cannot be read, or names no property, is a 400."""
    ground.job()
    assert refusal(lambda: list(ground.client.list_tasks("j", filter=text))) == "InvalidQueryParameterValue"


def test_bad_selections_are_refused(ground: Ground) -> None:
    """$select of an unknown property and $expand of anything but stats are a 400."""
    ground.job()
    assert refusal(ground.client.get_job, "j", select=["colour"]) == "InvalidQueryParameterValue"
    assert refusal(ground.client.get_job, "j", expand=["colour"]) == "InvalidQueryParameterValue"
    assert ground.client.get_job("j", expand=["stats"]).id == "j"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"poolInfo": {"poolId": "p"}}, "MissingRequiredProperty"),
        ({"id": "a b", "poolInfo": {"poolId": "p"}}, "InvalidPropertyValue"),
        ({"id": "a" * 65, "poolInfo": {"poolId": "p"}}, "InvalidPropertyValue"),
        ({"id": "x", "poolInfo": {}}, "MissingRequiredProperty"),
        ({"id": "x", "poolInfo": {"poolId": "p"}, "priority": 1001}, "InvalidPropertyValue"),
        ({"id": "x", "poolInfo": {"poolId": "p"}, "priority": "high"}, "InvalidPropertyValue"),
        ({"id": "x", "poolInfo": {"poolId": "p"}, "colour": "red"}, "InvalidRequestBody"),
        ({"id": "x", "poolInfo": {"poolId": "p"}, "constraints": {"maxWallClockTime": "P"}}, "InvalidPropertyValue"),
        ({"id": "x", "poolInfo": {"poolId": "p"}, "usesTaskDependencies": True}, "NotImplemented"),
    ],
)
def test_bodies_are_checked(ground: Ground, body: dict[str, object], code: str) -> None:
    """What a body lacks, has wrong or has too much is refused; what nothing carries out is refused by name."""
    assert refusal(ground.client.create_job, body) == code


def test_padded_durations_are_read(ground: Ground) -> None:
    """The SDK's padded durations come back in the service's form."""
    constraints = models.BatchJobConstraints(max_wall_clock_time=timedelta(minutes=5))
    pool = models.BatchPoolInfo(pool_id="p")
    ground.client.create_job(models.BatchJobCreateOptions(id="j", pool_info=pool, constraints=constraints))
    assert ground.client.get_job("j").as_dict()["constraints"]["maxWallClockTime"] == "PT5M"
    ground.job("unlimited")
    found = ground.client.get_job("unlimited")
    assert found.constraints.max_wall_clock_time > timedelta(days=10_000_000)
    ground.client.replace_job("unlimited", found)
