"""`$(NAME)`: what it becomes, and which names a manifest may use."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.manifest.expansion import expand, names_in
from tests.manifest.making import parsed, problems, told

VALUES = {"A": "1", "B_2": "$(A)"}


@pytest.mark.parametrize(
    ("text", "names", "expanded"),
    [
        ("", (), ""),
        ("plain", (), "plain"),
        ("$(A)", ("A",), "1"),
        ("x$(A)y$(B_2)$(A)", ("A", "B_2"), "x1y$(A)1"),
        ("$$(A)", (), "$(A)"),
        ("$$$(A)", ("A",), "$1"),
        ("$$$$(A)", (), "$$(A)"),
        ("$A ${A} $", (), "$A ${A} $"),
        ("cost: 5$$", (), "cost: 5$"),
        ("$(A", (), "$(A"),
        ("(A)", (), "(A)"),
    ],
)
def test_references_are_replaced_once(text: str, names: tuple[str, ...], expanded: str) -> None:
    """`$(NAME)` becomes its value, `$$` one dollar; what comes out is not looked at again."""
    assert names_in(text) == names
    assert expand(text, VALUES) == expanded


def test_a_name_without_a_value_is_an_error() -> None:
    """Nothing is ever replaced by emptiness."""
    with pytest.raises(KeyError, match="NO"):
        expand("$(NO)", VALUES)


@given(st.text(alphabet="$()A"))
def test_the_names_found_are_the_names_needed(text: str) -> None:
    """A text whose names all have values can be expanded, whatever it looks like."""
    names = names_in(text)
    expand(text, dict.fromkeys(names, "v"))
    for name in names:
        with pytest.raises(KeyError):
            expand(text, dict.fromkeys(set(names) - {name}, "v"))


TEXT = {"input.blob": "data/in.txt"}
ENVIRONMENT = {"input.deliver": "environment"}
RANGE = {"input.range": {"stop": 3}}

VALUED: list[tuple[dict[str, Any], str]] = [
    *(({}, name) for name in ("INPUT_PATH", "INPUT_DIR", "OUTPUT_PATH", "OUTPUT_DIR", "BATCHDROP_FAILED_PATH")),
    *(({}, f"BATCHDROP_{name}") for name in ("JOB_ID", "TASK_ID", "TASK_INDEX", "TASK_COUNT")),
    ({"config": {}}, "CONFIG_PATH"),
    ({"reference": [{"name": "a", "from": "data/a"}]}, "REFERENCE_DIR"),
    (TEXT | {"split.unitsPerTask": 5}, "BATCHDROP_FAILED_PATH"),
    (ENVIRONMENT, "BATCHDROP_UNIT"),
    ({"input.sweep": {"a": [1]}} | ENVIRONMENT, "BATCHDROP_UNIT"),
    *((RANGE, f"BATCHDROP_UNIT_{name}") for name in ("START", "STOP", "STEP")),
    (RANGE | {"input.deliver": "file"}, "INPUT_PATH"),
]

VALUELESS: list[tuple[dict[str, Any], str]] = [
    ({}, "CONFIG_PATH"),
    ({}, "REFERENCE_DIR"),
    ({}, "BATCHDROP_UNIT"),
    ({}, "BATCHDROP_UNIT_START"),
    ({}, "LEDGER_PATH"),
    ({}, "HOME"),
    ({}, "date +%s"),
    ({}, ""),
    (TEXT, "BATCHDROP_FAILED_PATH"),
    (ENVIRONMENT, "INPUT_PATH"),
    (ENVIRONMENT, "INPUT_DIR"),
    (RANGE, "INPUT_PATH"),
    (RANGE, "BATCHDROP_UNIT"),
    ({"container.secrets": {"PW": "task-sql"}}, "PW"),
]


@pytest.mark.parametrize("place", ["container.args", "container.command", "container.environment"])
@pytest.mark.parametrize(("changes", "name"), VALUED)
def test_a_variable_with_a_value_may_be_named(changes: dict[str, Any], name: str, place: str) -> None:
    """Each variable can be used just where the task will have it."""
    said = {"X": f"a$({name})"} if place.endswith("environment") else [f"a$({name})"]
    assert parsed(changes | {place: said})


@pytest.mark.parametrize("place", ["container.args", "container.command", "container.environment"])
@pytest.mark.parametrize(("changes", "name"), VALUELESS)
def test_a_name_without_a_value_is_refused(changes: dict[str, Any], name: str, place: str) -> None:
    """An unknown or valueless name is told at once, with what there is instead."""
    said = {"X": f"a$({name})"} if place.endswith("environment") else [f"a$({name})"]
    path = f"{place}.X" if place.endswith("environment") else f"{place}[0]"
    found = problems(changes | {place: said})
    assert told(found) == [(path, "expansion")]
    assert f"$({name})" in found[0].message
    assert "OUTPUT_PATH" in found[0].fix or name == "PW"


def test_environment_wins_in_command_and_args_only() -> None:
    """A key of environment may be named in args and command, but not in another value of environment."""
    own = {"container.environment": {"MODE": "fast", "CONFIG_PATH": "$(INPUT_PATH)"}}
    assert parsed(own | {"container.args": ["$(MODE)", "$(CONFIG_PATH)"]})
    nested = {"container.environment": {"MODE": "fast", "OTHER": "$(MODE)"}}
    assert told(problems(nested)) == [("container.environment.OTHER", "expansion")]


def test_the_escaped_form_is_always_allowed() -> None:
    """`$$(date)` is how a shell's own substitution is kept."""
    assert parsed({"container.args": ["-c", "echo $$(date) $$HOME"]}).container.args == ("-c", "echo $$(date) $$HOME")
