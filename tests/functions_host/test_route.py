"""HTTP routes: which path fits which template, and which template comes first."""

import pytest

from local.functions_host.errors import Refused
from local.functions_host.route import Route, path_segments


@pytest.mark.parametrize(
    ("template", "path", "captures"),
    [
        ("api/jobs", "/API/Jobs/", {}),
        ("api/jobs/{id}", "/api/jobs/a%20b", {"id": "a b"}),
        ("api/jobs/{id}", "/api/jobs/a%2Fb", {"id": "a%2Fb"}),
        ("api/jobs/{id}", "/api/jobs", None),
        ("api/jobs/{id?}", "/api/jobs", {}),
        ("api/jobs/{id:int}", "/api/jobs/12", {"id": "12"}),
        ("api/jobs/{id:int}", "/api/jobs/x", None),
        ("api/{*path}", "/api", {"path": ""}),
        ("api/{*path}", "/api/a/b%20c/d", {"path": "a/b c/d"}),
        ("api/{a}/{b}", "/api/1/2/3", None),
        ("{*path}", "/", {"path": ""}),
    ],
)
def test_a_path_and_a_template(template: str, path: str, captures: dict[str, str] | None) -> None:
    """Literals whatever their case, percent-decoded captures, a catch-all that may be empty."""
    assert Route.parse(template, "f.req").match(path_segments(path)) == captures


def test_the_more_special_template_is_first() -> None:
    """Literals, then typed parameters, then any, then the rest."""
    templates = ["api/{*rest}", "api/{id}", "api/{id:int}", "api/mine"]
    routes = sorted((Route.parse(template, "f.req") for template in templates), key=lambda route: route.rank)
    assert routes == [Route.parse(template, "f.req") for template in reversed(templates)]


@pytest.mark.parametrize("template", ["a/{x:regex(b)}", "a/b-{x}", "a/{x=1}", "{*rest}/a", "{x?}/a", "a/{x"])
def test_a_template_beyond_this_host_is_refused(template: str) -> None:
    """By name, at the start: it would be matched otherwise than in Azure."""
    with pytest.raises(Refused, match=r"f\.req: route"):
        Route.parse(template, "f.req")
