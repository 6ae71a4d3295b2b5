"""What was arranged to go wrong, by the admin API or by a script."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from local.batch_emulator.execution import Failure, Launch, Outcome

TIMED_OUT = "AllocationTimedout"


@dataclass
class Fault:
    """The next `times` calls of an operation fail; with `after`, once they were carried out (a lost answer)."""

    operation: str
    times: int
    status: int
    code: str
    retry_after: int | None = None
    after: bool = False


@dataclass
class RunFault:
    """The next `times` runs that these patterns fit end like this, without being started."""

    kind: str
    pool: str
    job: str
    task: str
    times: int
    outcome: Outcome

    def fits(self, launch: Launch) -> bool:
        """Whether it is meant for this run."""
        ids = ((self.pool, launch.pool_id), (self.job, launch.job_id or ""), (self.task, launch.task_id or ""))
        return self.times > 0 and self.kind == launch.kind and all(fits(pattern, text) for pattern, text in ids)


@dataclass(frozen=True)
class AllocationFault:
    """Pools get no new nodes of a kind, and `code` as their resize error; for ever or until a moment."""

    pool: str
    dedicated: bool
    low_priority: bool
    code: str
    until: datetime | None = None


@dataclass
class Faults:
    """Everything that is arranged. Patterns are globs and look at no case."""

    calls: list[Fault] = field(default_factory=list)
    runs: list[RunFault] = field(default_factory=list)
    unpullable: set[str] = field(default_factory=set)
    closed_registries: set[str] = field(default_factory=set)
    failing_mounts: dict[str, str] = field(default_factory=dict)
    allocations: list[AllocationFault] = field(default_factory=list)
    count_lag: timedelta = timedelta(0)
    stalled: bool = False
    """No task is given to a node, whatever is free."""

    def clear(self) -> None:
        """Forget everything, except what already happened."""
        for each in (self.calls, self.runs, self.unpullable, self.closed_registries, self.failing_mounts):
            each.clear()
        self.allocations.clear()
        self.count_lag, self.stalled = timedelta(0), False

    def strike(self, operation: str, *, after: bool) -> Fault | None:
        """Give the fault that hits this call, if any, and use it up by one."""
        for fault in self.calls:
            if fault.operation in (operation, "*") and fault.after is after and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def doom(self, launch: Launch) -> Outcome | None:
        """Give how a run that starts now is to end, if anything was arranged for it, and use that up by one."""
        for fault in self.runs:
            if fault.fits(launch):
                fault.times -= 1
                return fault.outcome
        image = (launch.task.get("containerSettings") or {}).get("imageName")
        failure = self.image_failure(image) if image else None
        return Outcome(None, failure) if failure else None

    def image_failure(self, image: str) -> Failure | None:
        """Give why an image cannot be pulled, or None."""
        registry = image.split("/")[0]
        if any(fits(pattern, registry) for pattern in self.closed_registries):
            return _image_failure(
                "ContainerInvalidRegistry", image, f"{registry}: unauthorized: authentication required"
            )
        if any(fits(pattern, image) for pattern in self.unpullable):
            return _image_failure("ContainerInvalidImage", image, f"no such image: {image}")
        return None

    def mount_failure(self, pool: str) -> str | None:
        """Give why a pool's nodes cannot mount anything, or None."""
        return next((why for pattern, why in self.failing_mounts.items() if fits(pattern, pool)), None)

    def allocation(self, pool: str, now: datetime, *, dedicated: bool) -> str | None:
        """Give the resize error that keeps nodes of a kind from a pool, or None."""
        for fault in self.allocations:
            meant = fault.dedicated if dedicated else fault.low_priority
            if meant and fits(fault.pool, pool) and (fault.until is None or now < fault.until):
                return fault.code
        return None


def fits(pattern: str, text: str) -> bool:
    """Whether a glob fits, whatever the case."""
    return fnmatchcase(text.lower(), pattern.lower())


def _image_failure(code: str, image: str, said: str) -> Failure:
    message = "One or more of the container images cannot be used"
    return Failure("usererror", code, message, (("ContainerImage", image), ("Message", said)))
