"""Where a stack keeps its files."""

from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Layout:
    """The files and folders under a stack's own folder."""

    root: Path

    @property
    def azurite(self) -> Path:
        """Blobs, queues and tables; they stay from one start to the next."""
        return self.root / "azurite"

    @property
    def batch(self) -> Path:
        """The Batch emulator's nodes."""
        return self.root / "batch"

    @property
    def containers(self) -> Path:
        """Podman's own store, while a stack with real containers runs."""
        return self.root / "containers"

    @property
    def certificate(self) -> Path:
        """The certificate of the Key Vault."""
        return self.root / "certificate"

    @property
    def environment(self) -> Path:
        """Addresses and keys, to be read by a shell."""
        return self.root / "local.env"

    @property
    def running(self) -> Path:
        """Locked by the process that runs the stack; says who that is."""
        return self.root / "running.json"

    def log(self, name: str) -> Path:
        """The log file of one service."""
        return self.root / "logs" / f"{name}.log"
