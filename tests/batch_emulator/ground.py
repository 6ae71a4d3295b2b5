"""An emulated account with a clock that stands still, behind a real socket, and the real SDK in front of it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
import requests
from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import HttpResponseError

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.execution import Launch, Outcome

MACHINE = {
    "imageReference": {"publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2204", "version": "latest"},
    "nodeAgentSKUId": "batch.node.ubuntu 22.04",
}
CONTAINERS = {"containerConfiguration": {"type": "dockerCompatible", "containerImageNames": ["reg.io/app:1"]}}


def refusal(call: Callable[..., Any], *arguments: Any, **more: Any) -> str:
    """Give the service's code for a call that must be refused."""
    with pytest.raises(HttpResponseError) as refused:
        call(*arguments, **more)
    assert refused.value.error is not None
    return str(refused.value.error.code)


class Programs:
    """What the tasks do: 0 unless a test says otherwise, by task id. None keeps a task running."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.launches: list[Launch] = []
        self.default: int | None = 0

    def __call__(self, launch: Launch) -> int | Outcome | None:
        self.launches.append(launch)
        name = launch.task_id or launch.kind
        answer = self.answers.get(name, self.default)
        return answer(launch) if callable(answer) else answer


class Ground:
    """One emulated account for one test."""

    def __init__(self, url: str, emulator: Emulator, programs: Programs, execution: CallableExecution) -> None:
        self.url = url
        self.emulator = emulator
        self.programs = programs
        self.execution = execution
        self._clients: list[BatchClient] = []
        self.client = self.connect()

    def close(self) -> None:
        """End the account and its clients."""
        for client in self._clients:
            client.close()
        self.emulator.close()

    def connect(self, key: str = DEVELOPMENT_KEY, **options: Any) -> BatchClient:
        """Give an SDK client of the account."""
        credential = AzureNamedKeyCredential(DEVELOPMENT_ACCOUNT, key)
        self._clients.append(BatchClient(self.url, credential, retry_total=0, **options))
        return self._clients[-1]

    def advance(self, seconds: float) -> None:
        """Let so much of the service's time pass."""
        self.emulator.advance(timedelta(seconds=seconds))

    def pool(
        self, pool_id: str = "p", *, nodes: int = 1, machine: Mapping[str, Any] | None = None, **more: Any
    ) -> None:
        """Create a pool and let its nodes boot."""
        size = {} if more.get("enableAutoScale") else {"targetDedicatedNodes": nodes}
        body = {"id": pool_id, "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": machine or MACHINE}
        self.client.create_pool(models.BatchPoolCreateOptions({**body, **size, **more}))
        self.advance(5)

    def job(self, job_id: str = "j", pool_id: str = "p", **more: Any) -> None:
        """Create a job."""
        self.client.create_job(models.BatchJobCreateOptions({"id": job_id, "poolInfo": {"poolId": pool_id}, **more}))

    def task(self, task_id: str = "t", job_id: str = "j", **more: Any) -> None:
        """Add a task."""
        body = {"id": task_id, "commandLine": "run", **more}
        self.client.create_task(job_id, models.BatchTaskCreateOptions(body))

    def fate(self, task_id: str = "t", job_id: str = "j") -> models.BatchTask:
        """Get a task."""
        return self.client.get_task(job_id, task_id)

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Call the admin API; give what it answers."""
        answer = requests.request(method, f"{self.url}/_admin{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def nodes(self, pool_id: str = "p") -> list[models.BatchNode]:
        """List the nodes of a pool."""
        return list(self.client.list_nodes(pool_id))
