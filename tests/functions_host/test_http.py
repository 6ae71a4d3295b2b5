"""HTTP functions and `/admin`."""

import pytest
import requests

from tests.functions_host.ground import Ground, RunningHost, wait_for

pytestmark = pytest.mark.stack


def test_a_handler_sees_the_request_and_answers_it(host: RunningHost) -> None:
    """Route, query, headers and body reach the handler; status, headers, cookies and body come back."""
    answer = host.call("POST", "/api/orders/5/x/y%20z%2Fw?a=1&a=2", data=b"body", headers={"X-Test": "t"})
    assert answer.status_code == 201
    assert answer.headers["X-Back"] == "yes"
    assert answer.cookies["a"] == "b"
    assert answer.json() == {
        "method": "POST",
        "url": f"{host.url}/api/orders/5/x/y%20z%2Fw?a=1&a=2",
        "params": {"a": "1,2"},
        "route": {"id": "5", "rest": "x/y z%2Fw"},
        "header": "t",
        "body": "body",
    }


@pytest.mark.parametrize(("method", "path"), [("PUT", "/api/orders/5/x"), ("GET", "/api/orders/five/x"), ("GET", "/x")])
def test_what_no_route_takes_is_not_found(host: RunningHost, method: str, path: str) -> None:
    """A wrong method, a wrong type in the path and an unknown path are all 404, as in Azure."""
    assert host.call(method, path).status_code == 404


def test_a_handler_that_raises_answers_500(host: RunningHost) -> None:
    """The error is in the log, not in the answer."""
    answer = host.call("GET", "/api/broken")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "as asked" in host.program.printed()


def test_a_plain_string_is_an_answer(host: RunningHost) -> None:
    """A handler may return text."""
    assert host.call("GET", "/api/health").text == "well"


def test_head_has_no_body(host: RunningHost) -> None:
    """A function without methods takes all of them."""
    answer = host.call("HEAD", "/api/health")
    assert (answer.status_code, answer.content) == (200, b"")


def test_the_host_says_how_it_is(host: RunningHost, shared: Ground) -> None:
    """Status by HTTP, and the number of functions in the ready line."""
    status = host.call("GET", "/admin/host/status").json()
    assert status == {"id": shared.prefix, "state": "Running", "functions": host.functions}


@pytest.mark.parametrize("path", ["/admin/functions/nobody", "/admin/nothing"])
def test_an_unknown_admin_path_is_not_found(host: RunningHost, path: str) -> None:
    """Also a function that does not exist."""
    assert host.call("POST", path, json={}).status_code == 404


def test_a_timer_runs_by_hand(host: RunningHost, shared: Ground) -> None:
    """`POST /admin/functions/NAME` answers 202 and runs it whatever its schedule."""
    assert host.call("POST", "/admin/functions/tick", json={}).status_code == 202
    assert wait_for(lambda: shared.seen("tick"))[0]["past_due"] is False


def test_keys_are_asked_for_when_wanted(ground: Ground) -> None:
    """With --enable-auth each level needs its key, in the header or as `code`; the master key opens all."""
    keys = {"LOCAL_FUNCTION_KEY": "f-key", "LOCAL_SYSTEM_KEY": "s-key", "LOCAL_MASTER_KEY": "m-key"}
    host = ground.start("--enable-auth", settings=keys)

    def status(path: str, key: str | None = None) -> int:
        return host.call("GET", path, headers={"x-functions-key": key} if key else {}).status_code

    assert status("/api/health") == 200
    assert [status("/api/broken", key) for key in (None, "wrong", "s-key", "f-key", "m-key")] == [
        401,
        401,
        401,
        500,
        500,
    ]
    assert status("/api/broken?code=f-key") == 500
    assert [status("/admin/host/status", key) for key in (None, "f-key", "m-key")] == [401, 401, 200]
    hook = f"{host.url}/runtime/webhooks/blobs?functionName=x"
    assert [requests.options(hook + code, timeout=30).status_code for code in ("", "&code=s-key")] == [401, 200]
