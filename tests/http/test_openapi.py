"""What is published of our HTTP is true: asked at random by what it says, every answer is as it says."""

from __future__ import annotations

import schemathesis
from werkzeug.test import Client

from local.functions_host.site import Site
from tests.http.asking import ask_all
from tests.http.jobs import LATE
from tests.http.site import AUTHORISED, ROOT
from tests.loop.ground import Container, Ground
from tests.loop.test_jobs import RANGE, number
from tests.triggers.test_function_app import EXPECTED

EXAMPLES = 10


def test_every_answer_is_as_published(site: Site) -> None:
    """Right and wrong requests of every operation: status, body and headers are as published, wrong ones are refused,
    and none works without the key."""
    api = schemathesis.openapi.from_wsgi("/api/openapi.json", site, headers=AUTHORISED)
    told = ask_all(api, AUTHORISED, EXAMPLES)
    assert len({(method, path) for method, path, _ in told}) == 6  # the document itself is read by the loader


def test_answers_about_real_jobs_are_as_published(site: Site, ground: Ground, client: Client) -> None:
    """Of a job that waits, runs, failed, ended well, and was cancelled: what the document says they are."""

    def fails(container: Container) -> int:
        container.stderr = "no"
        return 1

    api = schemathesis.openapi.from_wsgi("/api/openapi.json", site, headers=AUTHORISED)

    def ask(path: str, method: str, job: str | None) -> int:
        case = api[path][method].Case(path_parameters={"job": job} if job else {})
        return int(case.call_and_validate(headers=AUTHORISED).status_code)

    ground.drop(RANGE + "input2: 1\n", "wrong.yaml")
    ground.drop(LATE, "late.yaml")
    ground.drop(RANGE + "failure: {tolerated: 5}\n", "failing.yaml")
    ground.drop(RANGE, "good.yaml")
    for step in range(14):
        ground.round(fails if step < 6 else number, most=2)
        for path in ("late.yaml", "failing.yaml", "good.yaml"):
            job = ground.status(path)["jobId"]
            assert ask("/jobs/{job}", "GET", job) == 200
            assert ask("/jobs/{job}/result", "GET", job) == (200 if ground.status(path)["final"] else 404)
        assert ask("/jobs", "GET", None) == 200
    ended = ground.status("failing.yaml")["jobId"]
    assert ask("/jobs/{job}/retry", "POST", ended) == 202
    assert ask("/jobs/{job}/cancel", "POST", ground.status("late.yaml")["jobId"]) == 202


def test_every_route_is_published_and_asks_for_a_key(client: Client) -> None:
    """The document names just the routes that the app has; all of its operations need a key."""
    paths = client.get("/api/openapi.json", headers=AUTHORISED).json["paths"]
    routes = {trigger["route"] for trigger in EXPECTED.values() if trigger["type"] == "httpTrigger"}
    shapes = {route.replace("{id}", "{job}") for route in routes} - {"jobs/{job}/{part}"}
    published = {path.strip("/") for path in paths}
    assert published - shapes == {f"jobs/{{job}}/{part}" for part in ("result", "cancel", "retry")}
    assert shapes <= published
    assert all(trigger["authLevel"] == "FUNCTION" for trigger in EXPECTED.values() if trigger["type"] == "httpTrigger")
    assert (ROOT / "controller" / "openapi.json").is_file()
