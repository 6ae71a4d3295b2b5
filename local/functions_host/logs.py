"""Logging by host.json: categories `Function.<name>`, `Host.*` and `default`, each with its level."""

import logging
from collections.abc import Mapping
from pathlib import Path

from local.functions_host.errors import Refused
from local.functions_host.invocation import current

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 1,
}


class Categories(logging.Filter):
    """Lets a record pass when the level of its longest matching category does, and names its invocation."""

    def __init__(self, levels: Mapping[str, int]) -> None:
        super().__init__()
        self._levels = {category.lower(): level for category, level in levels.items()}

    def filter(self, record: logging.LogRecord) -> bool:
        """Records of a running function belong to `Function.<name>.User`, all others to their logger's name."""
        invocation = current.get()
        record.invocation = f" [{invocation.id[:8]}]" if invocation else ""
        own = record.name.startswith(("Function.", "Host."))
        category = record.name if own or invocation is None else f"Function.{invocation.name}.User"
        return record.levelno >= self._level(category.lower())

    def _level(self, category: str) -> int:
        while category:
            if category in self._levels:
                return self._levels[category]
            category = category.rpartition(".")[0]
        return self._levels.get("default", logging.INFO)


def configure_logging(levels: Mapping[str, str], file: Path | None) -> None:
    """Send all logs to standard error and, when asked, to a file. Refused for an unknown level."""
    known = {category: _level(category, level) for category, level in levels.items()}
    handlers: list[logging.Handler] = [logging.StreamHandler()]
    if file is not None:
        handlers.append(logging.FileHandler(file, encoding="utf-8"))
    for handler in handlers:
        handler.addFilter(Categories(known))
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s%(invocation)s %(message)s"))
    logging.basicConfig(level=min([logging.INFO, *known.values()]), handlers=handlers, force=True)
    # The storage SDK logs each request of every poll at INFO; ask for it by the category "azure".
    logging.getLogger("azure").setLevel(known.get("azure", logging.WARNING))


def _level(category: str, level: str) -> int:
    if level.lower() not in _LEVELS:
        raise Refused(f"host.json: logging.logLevel.{category} {level!r} is none of {', '.join(_LEVELS)}")
    return _LEVELS[level.lower()]
