"""The error tree. A leaf exists only where a caller acts differently.

BatchdropError
├── Rejected        the user's input is wrong: never try again; carries every problem found
├── Transient       the world is busy: try again after `delay`
│   ├── OutOfTime   the deadline of this pass has come: go on in the next one
│   ├── NoPolicy    the operator's policy cannot be read: no manifest can be judged, none is to blame
│   └── QuotaFull   the account has no room: back to the line
├── Conflict        someone else did it first: read again
├── Vanished        a thing the plan was frozen on has changed or is gone (a source blob, a container)
├── Refused         a service says no for good to what we asked (403, 400): carries its code
│   └── Unsupported the store does not know the operation: reach the same end another way
└── Defect          our own mistake: counted, and after five at one step the job fails by that name
    └── Unreadable  a record that this deployment cannot read, such as a newer one: left alone, never written
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


class BatchdropError(Exception):
    """Root of everything Batchdrop raises on purpose."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a manifest: where it is, which rule it breaks, and what to do.

    `path` is dotted (`container.image`, `input.blobs[2]`; empty for the whole file); `line` and `column` start at 1 and
    are None where the place has none (a missing field names its parent's).
    """

    path: str
    rule: str
    message: str
    fix: str
    line: int | None = None
    column: int | None = None


class Rejected(BatchdropError):
    """The manifest cannot be a job; `problems` holds all of them, in file order."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.path or 'manifest'}: {p.message}" for p in problems))
        self.problems = problems


class Transient(BatchdropError):
    """Try again after `delay`."""

    def __init__(self, message: str, delay: timedelta = timedelta(seconds=30)) -> None:
        super().__init__(message)
        self.delay = delay


class OutOfTime(Transient):
    """The pass has used up its time; nothing is wrong."""

    def __init__(self, message: str = "the deadline of this pass has come") -> None:
        super().__init__(message, timedelta(0))


class NoPolicy(Transient):
    """The policy cannot be read; the message says where it is wrong."""


class Throttled(Transient):
    """A service is too busy to answer, or asks for fewer requests; `code` is its error code, `status` the HTTP status
    (None: not kept), `thing` what was asked of it."""

    def __init__(self, thing: str, code: str, status: int | None, message: str, delay: timedelta) -> None:
        super().__init__(message, delay)
        self.thing, self.code, self.status = thing, code, status


class QuotaFull(Transient):
    """The Batch account refuses one more pool or job; `code` is the service's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message, timedelta(minutes=1))
        self.code = code


class Conflict(BatchdropError):
    """A conditional write lost: what we knew is no longer true."""


class Vanished(BatchdropError):
    """`thing` is not what the plan was frozen on any more."""

    def __init__(self, thing: str, message: str) -> None:
        super().__init__(message)
        self.thing = thing


class Refused(BatchdropError):
    """A service refuses for good; `code` is its error code, `status` the HTTP status."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Unsupported(Refused):
    """The store does not know this operation at all (501): what it would do has to be done otherwise."""


class Defect(BatchdropError):
    """A state that cannot be, or an exception nobody expected."""


class Unreadable(Defect):
    """A record of a newer version, or a broken one: whoever meets it names it and leaves its job alone."""
