"""The ground of whole jobs."""

from tests.emulated.fixtures import doorway, ground

__all__ = ["doorway", "ground"]
