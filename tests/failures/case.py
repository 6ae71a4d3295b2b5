"""What a case is: data only, one YAML file for each topic in `cases/`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

HERE = Path(__file__).parent
CASES, SAID = HERE / "cases", HERE / "said"
TOPICS = ("input", "quota", "nodes", "running", "ending", "operator", "warnings")
"""In the order of the page."""
SPAN = TypeAdapter(timedelta)
Where = Literal["waiting", "failure", "warnings", "cleanup"]
Deed = Mapping[str, Any]
"""`do` names it, `after` (a duration) says when, counted from the acceptance; the rest is what it is told."""


class Case(BaseModel):
    """One thing that goes wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: str
    """As its user would say it."""
    code: str
    where: Where
    state: str
    """Of the job, when the code is first read."""
    says: str = ""
    """Part of the message, where the code alone may be told before for another reason."""
    symptom: str
    """What a person notices first."""
    todo: str
    manifest: Mapping[str, Any] = {}
    """What differs from the ordinary one, by top-level field."""
    before: tuple[Deed, ...] = ()
    """Done before the manifest is dropped."""
    then: tuple[Deed, ...] = ()
    seen: str
    """When the account or the storage shows it: a sight of `sights.py`, or a duration since the acceptance."""
    within: timedelta
    """How long it takes at most until the code is read and, where the job fails of it, until it is final."""
    mend: tuple[Deed, ...] = ()
    """Done then; the job must end as `ends` says."""
    ends: str | None = None

    @property
    def hour(self) -> timedelta | None:
        """How long after the acceptance it can be seen, where that is a matter of time alone."""
        return SPAN.validate_python(self.seen) if self.seen.startswith("PT") else None

    @property
    def slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.sentence.lower()).strip("-")

    @property
    def said(self) -> Path:
        """What a person reads then."""
        return SAID / f"{self.slug}.json"

    def expected(self) -> dict[str, Any]:
        return dict(json.loads(self.said.read_text(encoding="utf-8")))


def topic(name: str) -> tuple[Case, ...]:
    """The cases of one file."""
    given = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return tuple(Case.model_validate(each) for each in given)


def all_cases() -> tuple[Case, ...]:
    return tuple(case for name in TOPICS for case in topic(name))
