"""The ground that the cases are played on."""

from tests.emulated.fixtures import doorway, ground

__all__ = ["doorway", "ground"]
