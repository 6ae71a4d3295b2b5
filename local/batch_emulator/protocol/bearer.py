"""Bearer tokens: a JSON Web Token with the right audience that holds now. Its signature is not looked at."""

import base64
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from local.batch_emulator.failures import BatchError

BATCH = ("https://batch.core.windows.net",)
ARM = ("https://management.azure.com", "https://management.core.windows.net")


def is_bearer(authorization: str | None) -> bool:
    """Whether an Authorization header carries a bearer token."""
    return (authorization or "").lower().startswith("bearer ")


def check_bearer(authorization: str | None, audiences: Iterable[str], *, scheme: str, now: datetime) -> None:
    """Raise BatchError (401) unless the header carries a token for one of the audiences, over https."""
    if not is_bearer(authorization):
        raise _refused("The request has no bearer token.")
    if scheme != "https":
        raise _refused("A bearer token is taken over https only.")
    claims = _claims(str(authorization).partition(" ")[2].strip())
    audience = str(claims.get("aud", "")).rstrip("/")
    if audience not in audiences:
        raise _refused(f"The token's audience is {audience!r}; it must be one of {', '.join(audiences)}.")
    if not claims.get("nbf", 0) <= now.timestamp() < claims.get("exp", 0):
        raise _refused("The token has expired or is not valid yet.")


def _claims(token: str) -> dict[str, Any]:
    try:
        _, body, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        moments = [claims.get(name, 0) for name in ("nbf", "exp")]
    except (ValueError, AttributeError) as error:
        raise _refused("The token is no JSON Web Token.") from error
    if not all(isinstance(each, int | float) for each in moments):
        raise _refused("The token's times are no numbers.")
    return dict(claims)


def _refused(detail: str) -> BatchError:
    return BatchError("AuthenticationFailed", status=401, AuthenticationErrorDetail=detail)
