"""Blob paths: patterns of triggers, places of outputs."""

import pytest

from local.functions_host.errors import Refused
from local.functions_host.path_template import PathTemplate, trigger_path


@pytest.mark.parametrize(
    ("path", "blob", "captures"),
    [
        ("jobs/{name}", "a/b/c.yaml", {"name": "a/b/c.yaml"}),
        ("jobs", "a/b", {"name": "a/b"}),
        ("jobs/in/{name}.{ext}", "in/x.y.json", {"name": "x.y", "ext": "json"}),
        ("jobs/in/{name}.json", "in/x.yaml", None),
        ("jobs/{{x}}/{name}", "{x}/1", {"name": "1"}),
    ],
)
def test_a_trigger_path_and_a_blob(path: str, blob: str, captures: dict[str, str] | None) -> None:
    """A capture takes as much as it can, slashes too; doubled braces are themselves."""
    container, template = trigger_path(path, "f.blob")
    assert (container, template.match(blob)) == ("jobs", captures)


@pytest.mark.parametrize("path", ["{c}/x", "", "jobs/{a}/{a}", "jobs/{a", "jobs/{a.b}", "jobs/{DateTime:yyyy}"])
def test_a_path_beyond_this_host_is_refused(path: str) -> None:
    """By name, at the start."""
    with pytest.raises(Refused, match=r"f\.blob"):
        trigger_path(path, "f.blob")


def test_an_output_path_is_filled() -> None:
    """Names do not mind case, `{rand-guid}` is new each time, a name nobody gives is an error."""
    template = PathTemplate.parse("out/{Name}/{rand-guid}", "f.out")
    first, second = template.fill({"name": "x"}), template.fill({"name": "x"})
    assert first.startswith("out/x/")
    assert first != second
    with pytest.raises(KeyError, match="Name"):
        template.fill({})
