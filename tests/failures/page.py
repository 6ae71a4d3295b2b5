"""docs/failures.md, made from the cases: `python -m tests.failures.page > docs/failures.md`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from tests.failures.case import TOPICS, Case, topic

TITLES = {
    "input": "The input",
    "quota": "No room in the account or in the region",
    "nodes": "Nodes that are of no use",
    "running": "While tasks run",
    "ending": "When all tasks have ended",
    "operator": "What the operator or a person did",
    "warnings": "Warnings of jobs that go well",
}
OPENING = """\
# Why a job waits, why it failed

What goes wrong, what the status says then, and what to do. `waiting` and `failure` in `status/<manifest path>.json`
hold a code of a closed list, a sentence, what the service said (`evidence`), and the next step. `waiting` goes away by
itself; `failure` is final. A code is told within two polls of being observable: a minute, or up to four where tasks
run for long.

This page is made from the cases in `tests/failures/cases` by `python -m tests.failures.page`; the tests play each of
them on an emulated Batch account and compare the status word for word. `<job>` and `<node>` stand for names, times
count from the acceptance of the manifest. A manifest that cannot be a job at all is `rejected` instead, with the rules
of [the manifest's page](manifest.md#rules).

| code | where | what happened |
|---|---|---|
"""


def page() -> str:
    """All of it."""
    return OPENING + "".join(glance()) + "".join(section(name) for name in TOPICS)


def glance() -> Iterator[str]:
    """A line for each case, by code."""
    cases = [case for name in TOPICS for case in topic(name)]
    for case in sorted(cases, key=lambda each: each.code):
        yield f"| `{case.code}` | `{case.where}` | [{case.sentence}](#{anchor(title(case))}) |\n"


def section(name: str) -> str:
    return f"\n## {TITLES[name]}\n" + "".join(entry(case) for case in topic(name))


def entry(case: Case) -> str:
    """What one case looks like to a person."""
    said = case.expected()
    found = said[case.where]
    shown = "\n".join(block(each) for each in (found if isinstance(found, list) else [found]))
    ends = f" Once the cause is away the job ends `{case.ends}`." if case.ends and case.where == "waiting" else ""
    return (
        f"\n### {title(case)}\n\n**What you notice.** {case.symptom.strip()}\n\n"
        f"**What Batchdrop says**, in `{case.where}`; `state` is `{said['state']}`:\n\n```json\n{shown}\n```\n\n"
        f"**What to do.** {case.todo.strip()}{ends}\n"
    )


def block(found: Mapping[str, Any]) -> str:
    """One condition, a line for each of its fields."""
    lines = [f"  {json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in found.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def title(case: Case) -> str:
    return case.sentence[0].upper() + case.sentence[1:]


def anchor(heading: str) -> str:
    """As a heading is linked to."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


if __name__ == "__main__":
    sys.stdout.write(page())
