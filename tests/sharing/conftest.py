"""The emulated account that jobs and controllers share."""

from tests.emulated.fixtures import doorway, ground

__all__ = ["doorway", "ground"]
