"""Problems, collected while reading goes on, so that one rejection names them all."""

from __future__ import annotations

from shared.errors import Problem, Rejected
from shared.manifest.nodes import Mark


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
        self._problems: list[Problem] = []

    def add(self, problems: tuple[Problem, ...]) -> None:
        """Take over problems found by others."""
        self._problems.extend(problems)

    def note(self, path: str, mark: Mark | None, wrong: Wrong, *, from_policy: bool = False) -> None:
        """Add a problem. `from_policy`: the value is one of the policy's defaults, so it has no place in this file."""
        message, fix = wrong.message, wrong.fix
        if from_policy:
            message = f"{message} (this value comes from the policy's defaults)"
            fix = f"say {path} in the manifest, or ask the operator to change defaults.{path} in policy.yaml; {fix}"
        line, column = mark if mark else (None, None)
        self._problems.append(Problem(path, wrong.rule, message, fix, line, column))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them in file order; those without a place last."""
        return tuple(sorted(self._problems, key=_place))

    def __bool__(self) -> bool:
        return bool(self._problems)

    def raise_any(self) -> None:
        """Rejected with all problems, if there is one."""
        if self._problems:
            raise Rejected(self.problems)


def _place(problem: Problem) -> tuple[bool, int, int]:
    return problem.line is None, problem.line or 0, problem.column or 0


def syntax_error(mark: Mark | None, rule: str, message: str, fix: str, path: str = "") -> Rejected:
    """A rejection for a file that cannot be read on."""
    line, column = mark if mark else (None, None)
    return Rejected((Problem(path, rule, message, fix, line, column),))
