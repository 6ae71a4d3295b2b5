"""Everything that Batchdrop needs, started and stopped together on one machine."""

from local.stack.ports import FREE, STANDARD, StackPorts
from local.stack.stack import Stack

__all__ = ["FREE", "STANDARD", "Stack", "StackPorts"]
