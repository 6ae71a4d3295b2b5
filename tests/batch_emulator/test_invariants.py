"""Whatever is done to an account in whatever order, its books stay right."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.lifecycle import WORKING
from local.batch_emulator.state import Job, Node
from local.batch_emulator.world import Settings
from tests.batch_emulator.ground import MACHINE
from tests.batch_emulator.in_process import InProcess

ODD = {"retentionTime": "PT1M", "maxTaskRetryCount": 1, "maxWallClockTime": "PT2M"}


class Chaos:
    """Does things at random to one account."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.dice = random.Random(seed)
        self.execution = CallableExecution(lambda _: self.dice.choice([None, None, None, 0, 1]))
        clock, settings = DrivenClock(), Settings(folder, boot_seconds=2)
        self.emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, self.execution, clock, settings=settings)
        self.client = InProcess(self.emulator)
        self.deeds: list[Callable[[], Any]] = [
            *[self.advance] * 6, *[self.add_tasks] * 4, self.add_pool, self.add_job, self.add_job,
            self.change_job, self.change_task, self.change_task, self.resize, self.strike, self.reboot,
        ]  # fmt: skip

    def advance(self) -> None:
        self.emulator.advance(timedelta(seconds=self.dice.choice([0.5, 3, 20, 90])))

    def job(self) -> str:
        return f"/jobs/j{self.dice.randrange(3)}"

    def add_pool(self) -> Any:
        machine = {"vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": MACHINE, "taskSlotsPerNode": 3}
        targets = {"targetDedicatedNodes": 2, "targetLowPriorityNodes": 1}
        return self.client.send("POST", "/pools", {"id": "p", **machine, **targets})

    def add_job(self) -> Any:
        preparation = (
            {"jobPreparationTask": {"commandLine": "x", "constraints": ODD}} if self.dice.random() < 0.5 else {}
        )
        body = {"id": self.job().rsplit("/")[-1], "poolInfo": {"poolId": "p"}, **preparation}
        return self.client.send("POST", "/jobs", body)

    def add_tasks(self) -> Any:
        names = (f"t{self.dice.randrange(30)}" for _ in range(4))
        tasks = [
            {"id": name, "commandLine": "x", "requiredSlots": self.dice.randint(1, 3), "constraints": ODD}
            for name in names
        ]
        return self.client.send("POST", f"{self.job()}/addtaskcollection", {"value": tasks})

    def change_job(self) -> Any:
        option = {"disableTasks": self.dice.choice(["requeue", "terminate", "wait"])}
        deed = self.dice.choice(
            [("disable", option), ("enable", None), ("enable", None), ("terminate", None), ("", None)]
        )
        return self.client.send("POST" if deed[0] else "DELETE", f"{self.job()}/{deed[0]}".rstrip("/"), deed[1])

    def change_task(self) -> Any:
        method, end = self.dice.choice([("DELETE", ""), ("POST", "/terminate"), ("POST", "/reactivate")])
        return self.client.send(method, f"{self.job()}/tasks/t{self.dice.randrange(30)}{end}")

    def resize(self) -> Any:
        if self.dice.random() < 0.2:
            return self.client.send("DELETE", "/pools/p")
        option = self.dice.choice(["requeue", "terminate", "taskcompletion"])
        size = {"targetDedicatedNodes": self.dice.randrange(3), "targetLowPriorityNodes": self.dice.randrange(3)}
        return self.client.send("POST", "/pools/p/resize", size | {"nodeDeallocationOption": option})

    def node(self) -> Node | None:
        nodes = [node for pool in self.emulator.world.account.pools.values() for node in pool.nodes.values()]
        return self.dice.choice(nodes) if nodes else None

    def strike(self) -> Any:
        node = self.node()
        deed = self.dice.choice(["preempt", "restore", "unusable", "lose"])
        return node and self.client.send("POST", f"/_admin/nodes/p/{node.id}/{deed}")

    def reboot(self) -> Any:
        node = self.node()
        return node and self.client.send("POST", f"/pools/p/nodes/{node.id}/{self.dice.choice(['reboot', 'reimage'])}")

    def act(self) -> str:
        deed = self.dice.choice(self.deeds)
        answer = deed()
        assert answer is None or answer.status_code < 500, (deed.__name__, answer.get_data())
        return deed.__name__


def check_job(job: Job) -> None:
    """Counts, queues and list agree with the tasks themselves."""
    tasks = list(job.tasks.values())
    recount = Counter(task.state for task in tasks)
    recount.update(
        "succeeded" if task.run.result == "success" else "failed" for task in tasks if task.state == "completed"
    )
    assert +job.tally.tasks == recount
    assert job.tally.slots["active"] == sum(task.slots for task in tasks if task.state == "active")
    queued = [task for slots, queue in job.queues.items() for task in queue.values() if task.slots == slots]
    assert sorted(task.id for task in queued) == sorted(task.id for task in tasks if task.state == "active")
    assert set(job.held) == {task.key for task in tasks if task.state in ("preparing", "running")}
    assert [task for _, task in job.after("")] == sorted(tasks, key=lambda task: task.key)


def check_node(node: Node, jobs: dict[str, Job]) -> None:
    """Slots, runs and state of a node agree with the tasks on it."""
    assert node.used_slots == sum(task.slots for task in node.tasks.values()) <= node.pool.slots
    assert set(node.runs) == {key for key, task in node.tasks.items() if task.state == "running"}
    assert all(task.node is node and jobs[key[0]].held[key[1]] is task for key, task in node.tasks.items())
    if node.state in WORKING:
        assert (node.state == "running") == bool(node.tasks)
    else:
        assert not node.tasks or node.waits_for_tasks


def check_all(chaos: Chaos) -> None:
    """The whole account is consistent, and exactly what it says runs is running."""
    account = chaos.emulator.world.account
    nodes = [node for pool in account.pools.values() for node in pool.nodes.values()]
    for job in account.jobs.values():
        check_job(job)
    for node in nodes:
        check_node(node, account.jobs)
    assert sum(len(node.tasks) for node in nodes) == sum(len(job.held) for job in account.jobs.values())
    running = [each.launch for node in nodes for each in node.runs.values()]
    running += [each.running.launch for node in nodes for each in node.preparations.values() if each.running]
    assert len(running) == len(chaos.execution.running)


@pytest.mark.parametrize("seed", range(25))
def test_the_books_stay_right(seed: int, tmp_path: Path) -> None:
    """After each of many random deeds, counts, queues, slots and running programs agree."""
    chaos = Chaos(seed, tmp_path)
    deeds = [chaos.add_pool.__name__]
    chaos.add_pool()
    for _ in range(120):
        deeds.append(chaos.act())
        check_all(chaos)
    chaos.emulator.close()
    assert chaos.execution.running == []


def test_many_threads_at_once(tmp_path: Path) -> None:
    """Requests and progress from several threads leave the books right, and no task is lost or doubled."""
    chaos = Chaos(0, tmp_path)
    chaos.add_pool()
    chaos.client.send("POST", "/jobs", {"id": "j", "poolInfo": {"poolId": "p"}})

    def add(part: int) -> None:
        for number in range(20):
            tasks = [{"id": f"t{part}-{number}-{each}", "commandLine": "x"} for each in range(5)]
            chaos.client.send("POST", "/jobs/j/addtaskcollection", {"value": tasks})

    def go_on() -> None:
        for _ in range(40):
            chaos.emulator.advance(timedelta(seconds=1))

    threads = [threading.Thread(target=add, args=(part,)) for part in range(4)] + [threading.Thread(target=go_on)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_all(chaos)
    assert len(chaos.emulator.world.account.job("j").tasks) == 400
