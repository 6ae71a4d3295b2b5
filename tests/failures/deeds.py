"""What a case may do to the world, by name: the emulator's own deeds, and these for storage, people and programs."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from local.batch_emulator.deeds import DEEDS as EMULATED
from shared.errors import Refused
from shared.names import JOBS, input_container, output_container
from shared.policy import VmSize
from shared.specs import Site
from tests.batch_emulator.in_process import InProcess
from tests.emulated.ground import EmulatedGround
from tests.failures.case import SPAN
from tests.failures.programs import PROGRAMS

Body = Mapping[str, Any]


def put(ground: EmulatedGround, path: str, text: str = "a line\n") -> None:
    """A blob in the work account."""
    ground.put(path, text)


def pack(ground: EmulatedGround, path: str, text: str) -> None:
    """A blob of gzip data."""
    ground.put(path, gzip.compress(text.encode(), mtime=0))


def drop_container(ground: EmulatedGround, which: str) -> None:
    """Somebody deletes a container of the job."""
    name = {"input": input_container, "output": output_container}[which](ground.job())
    ground.world.work.delete_container(name)


def cancel(ground: EmulatedGround) -> None:
    ground.world.control.put(JOBS, "job.yaml.cancel", b"-")
    ground.event("job.yaml.cancel")


def pause(ground: EmulatedGround, *, on: bool = True) -> None:
    ground.policy = ground.policy.model_copy(update={"paused": on})


def allow_size(ground: EmulatedGround, size: str, cores: int) -> None:
    """The policy allows one more VM size."""
    sizes = {**ground.policy.vm_sizes, size: VmSize(cores=cores)}
    ground.policy = ground.policy.model_copy(update={"vm_sizes": sizes})


def cap(ground: EmulatedGround, nodeHoursPerDay: float) -> None:  # noqa: N803 - as the policy has it
    """The operator caps what all jobs of a day may use."""
    caps = ground.policy.caps.model_copy(update={"node_hours_per_day": nodeHoursPerDay})
    ground.policy = ground.policy.model_copy(update={"caps": caps})


def read_quotas(ground: EmulatedGround) -> None:
    """The controller may read the account's quotas, as in identity mode."""
    ground.pools.account = ground.emulator.world.quota


def tick(ground: EmulatedGround) -> None:
    """The timer's round."""
    ground.poll()


def start_task(ground: EmulatedGround, command: str) -> None:
    """The operator gives every pool a start task."""
    ground.deployment = replace(ground.deployment, site=Site(start_task=command))


def program(ground: EmulatedGround, does: str | None = None, lasts: str | None = None, *, stays: bool = False) -> None:
    """What tasks do from now on, and how long they take; with `stays` they do not end by themselves."""
    if does is not None:
        ground.node.program = PROGRAMS[does]
    if lasts is not None:
        ground.node.lasts = SPAN.validate_python(lasts)
    ground.node.stays = stays


def unprepare(ground: EmulatedGround, says: str) -> None:
    """The job preparation fails on every node."""
    ground.node.unprepared = says


def delete_pool(ground: EmulatedGround) -> None:
    """Somebody deletes the job's pool, in the portal for instance."""
    ground.world.batch.delete_pool(ground.job())


def delete_job(ground: EmulatedGround) -> None:
    ground.world.batch.delete_job(ground.job())


def terminate_job(ground: EmulatedGround) -> None:
    ground.world.batch.terminate_job(ground.job(), "UserTerminate")


def disable_job(ground: EmulatedGround) -> None:
    """Somebody disables the Batch job: its tasks go back to the queue, and nothing starts any more."""
    answer = InProcess(ground.emulator).send("POST", f"/jobs/{ground.job()}/disable", {"disableTasks": "requeue"})
    assert answer.status_code == 202, answer.text


def enable_job(ground: EmulatedGround) -> None:
    answer = InProcess(ground.emulator).send("POST", f"/jobs/{ground.job()}/enable")
    assert answer.status_code == 202, answer.text


def nodes_offline(ground: EmulatedGround) -> None:
    """Somebody switches scheduling off on every node."""
    pool = ground.job()
    with ground.emulator.lock:
        nodes = [node.id for node in ground.emulator.world.account.pool(pool).nodes.values()]
    for node in nodes:
        path = f"/pools/{pool}/nodes/{node}/disablescheduling"
        answer = InProcess(ground.emulator).send("POST", path, {"nodeDisableSchedulingOption": "requeue"})
        assert answer.status_code == 200, answer.text


def change_when_read(ground: EmulatedGround, path: str) -> None:
    """Somebody writes the blob while it is read."""
    work = ground.world.work
    read = work.stream

    def changed(container: str, name: str, **how: Any) -> Iterator[bytes]:
        if f"{container}/{name}" == path:
            ground.put(path, "something else\n")
        return read(container, name, **how)

    work.stream = changed  # type: ignore[method-assign, assignment]  # the store itself changes under the reader


def deny_log(ground: EmulatedGround, task: str, says: str) -> None:
    """Storage refuses for good to copy one task's stderr."""
    work = ground.world.work
    copy = work.copy

    def refused(source: tuple[str, str], *what: Any, **how: Any) -> str:
        if source[1].endswith(f"{task}/stderr.txt"):
            raise Refused("LeaseIdMissing", 412, says)
        return copy(source, *what, **how)

    work.copy = refused  # type: ignore[method-assign]  # the store itself says no


def more_jobs(ground: EmulatedGround, of: Mapping[str, Any], count: int = 1) -> None:
    """Other manifests are dropped."""
    for number in range(count):
        ground.drop_mapping(dict(of), f"other-{number}.yaml")


DEEDS: dict[str, Callable[..., None]] = {
    "put": put,
    "pack": pack,
    "dropContainer": drop_container,
    "cancel": cancel,
    "pause": pause,
    "allowSize": allow_size,
    "cap": cap,
    "readQuotas": read_quotas,
    "tick": tick,
    "startTask": start_task,
    "program": program,
    "unprepare": unprepare,
    "deletePool": delete_pool,
    "deleteJob": delete_job,
    "terminateJob": terminate_job,
    "disableJob": disable_job,
    "enableJob": enable_job,
    "nodesOffline": nodes_offline,
    "changeWhenRead": change_when_read,
    "denyLog": deny_log,
    "moreJobs": more_jobs,
}


def carry_out(ground: EmulatedGround, deed: Body) -> None:
    """Do it; a name that nobody knows is refused."""
    body = {name: value for name, value in deed.items() if name not in ("do", "after")}
    name = str(deed["do"])
    if name in DEEDS:
        DEEDS[name](ground, **body)
        return
    assert name in EMULATED, f"no deed {name}"
    ground.fault(name, **body)


def due(deed: Body) -> timedelta:
    """How long after the acceptance."""
    return SPAN.validate_python(deed.get("after", "PT0S"))
