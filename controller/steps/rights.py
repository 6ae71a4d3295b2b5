"""Give rights in the job's containers, and move on the dates up to which they and the job's things hold."""

from __future__ import annotations

from controller import store
from controller.batch_job import metadata
from controller.rights import rights
from controller.rules.side import BOTH, side
from controller.steps.work import Work
from shared.errors import Defect
from shared.names import JobId, input_container, output_container, side_id
from shared.ports import Ports
from shared.record import Record


def grant(record: Record, work: Work) -> None:
    """The access policies that every SAS of the job hangs on."""
    if record.expires is None:
        raise Defect(f"{record.job}: rights are given until a date, and there is none")
    for container, permissions in rights(record):
        work.ports.work.allow(container, permissions, record.expires)


def marks(record: Record) -> dict[str, str]:
    """Whose it is, when it is nobody's any more, and the manifest's labels."""
    if record.expires is None:
        raise Defect(f"{record.job}: what it makes is marked with a date, and there is none")
    return dict(metadata(record.job, record.owner, record.expires, record.plan.manifest.labels))


def container_marks(record: Record) -> dict[str, str]:
    """The same as headers carry it: without blanks around values, and without empty ones."""
    return {name: value.strip() for name, value in marks(record).items() if value.strip()}


def renew(record: Record, work: Work) -> Record:
    """What is gone by now needs nothing: that is success."""
    grant(record, work)
    for container in (input_container(record.job), output_container(record.job)):
        work.ports.work.mark_container(container, container_marks(record))
    for name in made(record):
        work.ports.batch.mark_job(name, marks(record))
        work.ports.batch.mark_pool(name, marks(record))
    return record


def take_back(job: JobId, ports: Ports) -> None:
    """Rights that were given too late are those again that the record speaks of by now."""
    there = store.load(ports.control, job)
    until = there.record.expires if there else None
    due = dict(rights(there.record)) if there else {}
    for container in (input_container(job), output_container(job)):
        if until is not None and container in due:
            ports.work.allow(container, due[container], until)
        else:
            ports.work.revoke(container)


def made(record: Record) -> list[str]:
    """Names that a pool or job of this record may have."""
    own = [record.job] if record.pool is not None and record.pool_gone is None else []
    sides = [side(record, which) for which in BOTH]
    return own + [
        side_id(record.job, which)
        for which, each in zip(BOTH, sides, strict=True)
        if each.pool is not None and each.gone is None
    ]
