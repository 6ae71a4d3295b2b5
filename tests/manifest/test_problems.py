"""How problems are told: all at once, each at its place, in file order."""

from __future__ import annotations

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
