"""The emulated ground for tests of this folder."""

from tests.emulated.fixtures import doorway, ground

__all__ = ["doorway", "ground"]
