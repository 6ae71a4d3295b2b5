"""What mounting gives, whichever way it is done."""

import threading
from pathlib import Path
from typing import Protocol

from local.batch_emulator.runner.mounts.wanted import Wanted


class Attached(Protocol):
    """A container that is a folder now."""

    def refresh(self) -> None:
        """Make the folder show what is in the container. Raises Problem."""
        ...

    def flush(self) -> None:
        """Make the container hold what is in the folder. Raises Problem."""
        ...

    def detach(self) -> None:
        """Take the folder away from the container."""
        ...


class Mounter(Protocol):
    """A way to mount. `name` is shown in the ready line."""

    name: str

    def attach(self, wanted: Wanted, folder: Path, stopping: threading.Event) -> Attached:
        """Mount on an empty folder; the thread that asks for it stays as long as the mount. Raises Problem."""
        ...
