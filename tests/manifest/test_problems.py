"""How problems are told: all at once, each at its place, in file order."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import Rejected
from tests.manifest.making import POLICY, parsed_yaml, problems, problems_yaml, told

FOUR_MISTAKES = """\
version: 1
labls: {team: a}
container:
  args: [-x]
compute:
  vmSize: Standard_D2s_v5
  maxNodes: ten
input:
  items: [1]
  blob: data/in.txt
"""


def test_four_mistakes_in_one_file_are_four_problems() -> None:
    """Wrong type, unknown field, missing image and two sources are told together, each with its exact place."""
    found = problems_yaml(FOUR_MISTAKES)
    assert [(each.path, each.line, each.column, each.rule) for each in found] == [
        ("labls", 2, 1, "unknownField"),
        ("container.image", 3, 1, "required"),
        ("compute.maxNodes", 7, 13, "type"),
        ("input", 8, 1, "exactlyOne"),
    ]
    assert found[0].fix == "did you mean labels?"


def test_the_same_mistakes_in_json_are_the_same_problems() -> None:
    """A JSON file is told the same, with JSON's own places."""
    text = '{\n  "version": 1,\n  "container": {"image": 5},\n  "nam": "x",\n  "input": {}\n}'
    found = problems_yaml(text, "a.json")
    assert [(each.path, each.line, each.column, each.rule) for each in found] == [
        ("compute.vmSize", 1, 1, "required"),
        ("container.image", 3, 26, "type"),
        ("nam", 4, 3, "unknownField"),
        ("input", 5, 3, "exactlyOne"),
    ]


def test_problems_of_manifest_and_policy_come_together() -> None:
    """Nobody has to fix the file first to learn what the policy forbids."""
    found = told(
        problems(
            {
                "container.image": "evil.io/x:1",
                "input.blob": "private/x.txt",
                "compute.vmSize": "Standard_M416",
                "merge.to": "data/x.txt",
                "limits.maxTaskRetryCount": 99,
            }
        )
    )
    assert found == [
        ("container.image", "policyImage"),
        ("input.blob", "policyRead"),
        ("compute.vmSize", "policyVmSize"),
        ("merge.to", "policyWrite"),
        ("limits.maxTaskRetryCount", "range"),
    ]


def test_elements_are_told_by_their_index() -> None:
    """A wrong element of a list is named by its index, at its own place."""
    text = FOUR_MISTAKES.replace("[-x]", "[ok, 1,\n    true]")
    found = {each.path: each for each in problems_yaml(text)}
    assert (found["container.args[1]"].line, found["container.args[1]"].column) == (4, 14)
    assert (found["container.args[2]"].line, found["container.args[2]"].column) == (5, 5)


@pytest.mark.parametrize(
    ("field", "meant"),
    [("maxNode", "maxNodes"), ("vmsize", "vmSize"), ("spott", "spot"), ("taskSlots", "taskSlotsPerNode")],
)
def test_a_slip_is_answered_with_the_right_word(field: str, meant: str) -> None:
    """An unknown field that looks like a known one names that one."""
    found = problems({f"compute.{field}": 1})
    assert [each.fix for each in found] == [f"did you mean {meant}?"]


def test_an_unknown_field_lists_the_known_ones() -> None:
    """Where nothing looks alike, the fix lists what may stand there."""
    found = problems({"retention.qqq": 1})
    assert "complete, otherwise, results" in found[0].fix


def test_a_long_value_does_not_fill_the_problem() -> None:
    """A problem stays readable whatever stands in the file."""
    found = problems({"name": "X" * 100_000, "container.args": ["$(" + "Y" * 100_000 + ")"]})
    assert [each.rule for each in found] == ["expansion", "pattern"]
    assert all(len(each.message) < 300 for each in found)


def test_a_rejection_can_be_read_as_one_line() -> None:
    """The exception's text names every path."""
    with pytest.raises(Rejected) as caught:
        parsed_yaml(FOUR_MISTAKES, POLICY)
    assert "labls: " in str(caught.value)
    assert "input: " in str(caught.value)


FIXES = [
    ({"version": 2}, "must be 1, not the number 2", "write 1"),
    ({"compute.maxNodes": 0}, "must be 1 to 100000, not the number 0", "write a number from 1 to 100000"),
    ({"limits.taskTimeout": 3600}, "must be a string, not the number 3600", "write PT3600S for so many seconds"),
    ({"limits.maxCost": 25}, "must be a string, not the number 25", 'write it as "25 USD"'),
    ({"labels": {"run": 7}}, "must be a string, not the number 7", "put it in quotes"),
    ({"labels": {"run": True}}, "must be a string, not true", "put it in quotes"),
    ({"labels": {"run": [7]}}, "must be a string, not a list", "write one text"),
    ({"container.args": [["-i"]]}, "must be a string, not a list", "write one text"),
    ({"onReplace": True}, "must be a string, not true", "write continue or cancel"),
    ({"input.blob": 7}, "must be a string, not the number 7", "write it as container/blob, such as data/queries.txt"),
    (
        {"input.blobs": "data/"},
        "must be container/glob, not 'data/'",
        "write it as container/glob, such as data/photos/**",
    ),
    (
        {"input.blob": "data/a.txt", "split.bytesPerTask": "1 MB"},
        "must be a whole number with B, KiB, MiB or GiB, not '1 MB'",
        "write 1MiB",
    ),
    (
        {"input.blob": "data/a.txt", "split.bytesPerTask": "1KiB"},
        "must be 64KiB to 1024GiB, not '1KiB'",
        "write a size from 64KiB to 1024GiB",
    ),
]


@pytest.mark.parametrize(("changes", "message", "fix"), FIXES)
def test_a_fix_is_something_that_can_be_written(changes: dict[str, Any], message: str, fix: str) -> None:
    """Whoever does what the fix says has mended the field; quotes are advised only where they do."""
    (found,) = problems(changes)
    assert (found.message, found.fix) == (message, fix)


def test_a_tab_is_called_a_tab() -> None:
    """An editor that indents with tabs: the place, and what to do; so with words that no value can begin with."""
    (tab,) = problems_yaml("version: 1\ncontainer:\n\timage: a\n")
    assert (tab.line, tab.column, tab.rule, tab.fix) == (3, 1, "syntax", "indent with blanks instead of tabs")
    assert tab.message == "not YAML: no value can begin with a tab here"
    (at,) = problems_yaml("# é\nname: @me\n")
    assert (at.line, at.column, at.message) == (2, 7, "not YAML: no value can begin with @ here")


def test_a_key_twice_in_one_line_is_told_with_that_line() -> None:
    """Both lines are named, or the one that both stand in."""
    (found,) = problems_yaml('{"version": 1, "version": 1}', "job.json")
    assert found.message == "the key 'version' stands twice, in line 1"
