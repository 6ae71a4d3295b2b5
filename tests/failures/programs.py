"""What images do in the cases, by name."""

from __future__ import annotations

from collections.abc import Callable

from tests.emulated.node import write_line
from tests.fakes.tasks import TaskEnd
from tests.loop.ground import Container


def fail(container: Container) -> int:
    """Says why, and ends with 1."""
    container.stderr = "Traceback: division by zero\n"
    return 1


def fail_one(container: Container) -> int:
    """The second of the tasks ends with 3."""
    write_line(container)
    return 3 if container.spec.id == "t-000001" else 0


def chat(container: Container) -> None:
    """Goes well, and says so."""
    container.stderr = "done\n"
    write_line(container)


def nothing(container: Container) -> None:
    """Leaves an empty output."""
    container.write(b"")


def fill_disk(_container: Container) -> TaskEnd:
    return TaskEnd(None, "servererror", "DiskFull", "There is not enough disk space on the node")


def headers_differ(container: Container) -> None:
    """Each task writes a CSV with a header of its own."""
    container.write(f"id,{container.spec.id}\n1,2\n".encode())


PROGRAMS: dict[str, Callable[[Container], int | TaskEnd | None]] = {
    "chat": chat,
    "fail": fail,
    "failOne": fail_one,
    "fillDisk": fill_disk,
    "headersDiffer": headers_differ,
    "line": write_line,
    "nothing": nothing,
}
