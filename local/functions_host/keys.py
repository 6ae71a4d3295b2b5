"""Access keys: Core Tools asks for none on a laptop; with --enable-auth they come from settings."""

import hmac

from werkzeug.wrappers import Request

from local.functions_host.errors import Refused
from local.functions_host.settings import Settings

FUNCTION_KEY = "LOCAL_FUNCTION_KEY"
SYSTEM_KEY = "LOCAL_SYSTEM_KEY"
MASTER_KEY = "LOCAL_MASTER_KEY"
_HEADER = "x-functions-key"
# Which keys open a level; the master key opens all of them.
_OPENED_BY = {"function": FUNCTION_KEY, "system": SYSTEM_KEY, "admin": MASTER_KEY}


class Keys:
    """Whether a request may pass: levels are anonymous, function, system (webhooks) and admin."""

    def __init__(self, settings: Settings, enabled: bool) -> None:
        self._keys = {name: settings.get(name) for name in _OPENED_BY.values()} if enabled else {}
        missing = [name for name, key in self._keys.items() if key is None]
        if missing:
            raise Refused(f"--enable-auth needs the settings {', '.join(missing)}")

    def open(self, request: Request, level: str) -> bool:
        """Whether the request carries a key for the level, in the header or as `code`."""
        if not self._keys or level == "anonymous":
            return True
        given = request.headers.get(_HEADER) or request.args.get("code") or ""
        wanted = (self._keys[_OPENED_BY[level]], self._keys[MASTER_KEY])
        equal = [hmac.compare_digest(given.encode(), (key or "").encode()) for key in wanted]
        return any(equal)
