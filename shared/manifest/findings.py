"""Problems, collected while reading goes on, so that one rejection names them all."""

from __future__ import annotations

from shared.errors import Problem, Rejected
from shared.manifest.nodes import Mark

MOST_PROBLEMS = 100
"""More are counted, not told: a status stays a page that a person can read, whatever was dropped."""


class Wrong(Exception):
    """What a value reader raises; the one who knows the place turns it into a Problem."""

    def __init__(self, rule: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.message = message
        self.fix = fix


class Findings:
    """The problems of one file. `partial`: only some fields are there, so absence is no problem."""

    def __init__(self, *, partial: bool = False) -> None:
        self.partial = partial
        self.retried: str | None = None
        """The job whose manifest, rather than the policy's defaults, fills what the file does not say."""
        self.profile: tuple[str, frozenset[str]] | None = None
        """The profile that the manifest uses, and the paths whose values come from it."""
        self._problems: list[Problem] = []
        self._untold = 0
        self._silent: set[str] = set()

    def add(self, problems: tuple[Problem, ...]) -> None:
        """Take over problems found by others."""
        self._problems.extend(problems)

    @property
    def full(self) -> bool:
        """Whether further problems are only counted."""
        return len(self._problems) >= MOST_PROBLEMS

    def silence(self, path: str) -> None:
        """Further problems at this place are not told: what stood there has been taken out."""
        self._silent.add(path)

    def note(self, path: str, mark: Mark | None, wrong: Wrong, *, from_policy: bool = False) -> None:
        """Add a problem. `from_policy`: the value is one of the policy's defaults, or of its profile, or comes from the
        retried job, so it has no place in this file."""
        if path in self._silent:
            return
        if self.full:
            self._untold += 1
            return
        message, fix = self._told(path, wrong) if from_policy else (wrong.message, wrong.fix)
        line, column = mark if mark else (None, None)
        self._problems.append(Problem(path, wrong.rule, message, fix, line, column))

    def _told(self, path: str, wrong: Wrong) -> tuple[str, str]:
        """Message and fix of a problem with a value that is not in this file: whose it is, and where to say another."""
        if self.profile and path in self.profile[1]:
            field = f"profiles.{self.profile[0]}.{path.partition('.')[2]}"
            whose, place = (
                f"the policy's profile {self.profile[0]}",
                f"the manifest, or ask the operator to change {field}",
            )
        elif self.retried:
            return f"{wrong.message} (this value comes from {self.retried}, which is retried)", (
                f"say {path} in this manifest; {wrong.fix}"
            )
        else:
            whose, place = "the policy's defaults", f"the manifest, or ask the operator to change defaults.{path}"
        return f"{wrong.message} (this value comes from {whose})", f"say {path} in {place} in policy.yaml; {wrong.fix}"

    @property
    def problems(self) -> tuple[Problem, ...]:
        """In file order, those without a place last; of a flood the first MOST_PROBLEMS that were found."""
        return bounded(tuple(sorted(self._problems, key=_place)), self._untold)

    def __bool__(self) -> bool:
        return bool(self._problems)

    def raise_any(self) -> None:
        """Rejected with all problems, if there is one."""
        if self._problems:
            raise Rejected(self.problems)


def _place(problem: Problem) -> tuple[bool, int, int]:
    return problem.line is None, problem.line or 0, problem.column or 0


def bounded(problems: tuple[Problem, ...], untold: int = 0) -> tuple[Problem, ...]:
    """At most MOST_PROBLEMS, and, where there are more, a last one that says how many."""
    more = untold + max(0, len(problems) - MOST_PROBLEMS)
    if not more:
        return problems
    last = Problem("", "more", f"and {more} more problems", "correct those above first")
    return (*problems[:MOST_PROBLEMS], last)


def syntax_error(mark: Mark | None, rule: str, message: str, fix: str, path: str = "") -> Rejected:
    """A rejection for a file that cannot be read on."""
    line, column = mark if mark else (None, None)
    return Rejected((Problem(path, rule, message, fix, line, column),))
