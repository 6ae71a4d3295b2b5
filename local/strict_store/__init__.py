"""A small blob and queue service, as strict as the real one: it refuses what emulators let pass, by a clock of its own.

See `local/strict_store/README.md`.
"""

from local.strict_store.application import StrictStore

__all__ = ["StrictStore"]
