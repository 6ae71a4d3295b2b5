"""The name under which a host keeps its state in storage."""

import hashlib
import re
import socket
from pathlib import Path

from local.functions_host.errors import Refused
from local.functions_host.settings import Settings

SETTING = "AzureFunctionsWebHost__hostid"
_VALID = re.compile(r"[a-z0-9](-?[a-z0-9]){0,31}")


def read_host_id(app: Path, settings: Settings) -> str:
    """The setting AzureFunctionsWebHost__hostid, else one of machine and app folder: the same after a restart."""
    given = settings.get(SETTING)
    if given is None:
        machine = re.sub("[^a-z0-9]", "", socket.gethostname().lower())[:15] or "local"
        return f"{machine}-{hashlib.sha256(str(app).encode()).hexdigest()[:12]}"
    if len(given) > 32 or _VALID.fullmatch(given) is None:
        raise Refused(f"{SETTING}: {given!r} must be 1 to 32 lower-case letters, digits and single hyphens")
    return given
