"""The node side of the emulator: folders, files, containers and processes.

`choose_execution(images, data)` gives the Execution that works on this machine.
"""

from local.batch_emulator.runner.choice import NoRunner, choose_execution

__all__ = ["NoRunner", "choose_execution"]
