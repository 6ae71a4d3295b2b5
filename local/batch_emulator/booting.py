"""A node that boots gets the pool's images and mounts first; what cannot be had makes it unusable."""

from datetime import datetime

from local.batch_emulator.execution import Boots, Failure, Machine
from local.batch_emulator.preparing import begin_start_task
from local.batch_emulator.state import Node, Wire
from local.batch_emulator.world import World

_MOUNT = "MountConfigurationError"


def begin(world: World, node: Node, now: datetime) -> Wire | None:
    """Start what comes before the start task; give the error of a node that is not to come up."""
    images = tuple((node.pool.containers or {}).get("containerImageNames", []))
    arranged = _arranged(world, node, images)
    if arranged is not None:
        return node_error(arranged)
    machine = Machine(
        world.name, node.pool.id, node.id, node.root, images, tuple(node.pool.mounts), node.pool.identities
    )
    if isinstance(world.execution, Boots) and (images or machine.mounts):
        node.machine, node.booting = world.execution.boot(machine), True
    elif machine.mounts:
        return node_error(Failure("servererror", _MOUNT, f"The execution {world.execution.name} cannot mount anything"))
    else:
        begin_start_task(world, node, now)
    return None


def advance(world: World, node: Node, now: datetime) -> Wire | None:
    """Go on with a node once its images and mounts are there; give its error when they cannot be had."""
    outcome = node.machine.poll() if node.machine and node.booting else None
    if outcome is None:
        return None
    node.booting = False
    if outcome.failure is not None:
        return node_error(outcome.failure)
    begin_start_task(world, node, now)
    return None


def _arranged(world: World, node: Node, images: tuple[str, ...]) -> Failure | None:
    failures = [failure for image in images if (failure := world.faults.image_failure(image))]
    why = world.faults.mount_failure(node.pool.id) if node.pool.mounts else None
    if why is not None:
        failures.append(Failure("usererror", _MOUNT, "A file system could not be mounted", (("Message", why),)))
    return failures[0] if failures else None


def node_error(failure: Failure) -> Wire:
    """Write a failure as the error of a node."""
    details = [{"name": name, "value": value} for name, value in failure.details]
    return {"code": failure.code, "message": failure.message, **({"errorDetails": details} if details else {})}
