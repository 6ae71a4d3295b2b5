"""The ports of a stack: the standard ones, or free ones."""

import dataclasses
import socket
from dataclasses import dataclass


class PortTaken(Exception):
    """A port that was asked for is in use."""


@dataclass(frozen=True)
class StackPorts:
    """0 takes a free one."""

    blob: int = 0
    queue: int = 0
    table: int = 0
    batch: int = 0
    vault: int = 0
    identity: int = 0
    topic: int = 0
    host: int = 0
    arm: int = 0


FREE = StackPorts()
STANDARD = StackPorts(
    blob=10000,
    queue=10001,
    table=10002,
    batch=10003,
    vault=10004,
    identity=10005,
    topic=10006,
    host=7071,
    arm=10007,
)


def check_free(ports: StackPorts) -> None:
    """Raise PortTaken, naming every port that is in use and what to do."""
    asked = {field.name: getattr(ports, field.name) for field in dataclasses.fields(ports)}
    taken = [f"{port} ({name})" for name, port in asked.items() if port and not _is_free(port)]
    if taken:
        raise PortTaken(
            f"port {', '.join(taken)} on 127.0.0.1 is in use by another program. "
            "End that program (`lsof -i :PORT` or `ss -ltnp` names it), or start with `--ports free`."
        )


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
