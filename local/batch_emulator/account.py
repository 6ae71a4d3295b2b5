"""The account: all pools and jobs by id, and the numbers and ETags it gives out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.pages import Following, by_number
from local.batch_emulator.state import Job, Node, Pool, Resource, Task

T = TypeVar("T")


@dataclass
class Account:
    """All pools and jobs, by key."""

    pools: dict[str, Pool] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    made: int = 0
    writes: int = 0

    def next_number(self) -> int:
        """Give the next resource's number."""
        self.made += 1
        return self.made

    def new_etag(self) -> str:
        """Give an ETag nobody had before."""
        self.writes += 1
        return f"0x{0x8DC0000000000000 + self.writes:X}"

    def touch(self, resource: Resource, now: datetime) -> None:
        """Note that a resource changed."""
        resource.etag, resource.modified = self.new_etag(), now

    def pool(self, pool_id: str) -> Pool:
        """Find a pool; raise PoolNotFound."""
        return _found(self.pools.get(pool_id.lower()), "PoolNotFound")

    def node(self, pool_id: str, node_id: str) -> Node:
        """Find a node; raise PoolNotFound or NodeNotFound."""
        return _found(self.pool(pool_id).nodes.get(node_id.lower()), "NodeNotFound")

    def job(self, job_id: str) -> Job:
        """Find a job; raise JobNotFound."""
        return _found(self.jobs.get(job_id.lower()), "JobNotFound")

    def task(self, job_id: str, task_id: str) -> Task:
        """Find a task; raise JobNotFound or TaskNotFound."""
        return _found(self.job(job_id).tasks.get(task_id.lower()), "TaskNotFound")


def _found(resource: T | None, code: str) -> T:
    if resource is None:
        raise BatchError(code)
    return resource


def after(resources: Callable[[], list[Any]]) -> Following[Any]:
    """Turn a list of numbered resources into what a page is read from."""
    return by_number(lambda number: ((each.number, each) for each in resources() if each.number > number))
