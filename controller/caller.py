"""Who calls by HTTP where Entra decides, and whether he may: what App Service Authentication tells in a header."""

from __future__ import annotations

import base64
import binascii

from pydantic import BaseModel, ConfigDict, ValidationError

from controller.api import Answer, problem
from shared.http_auth import NAME, HttpAuth

HEADER = "X-MS-CLIENT-PRINCIPAL"
READS, WRITES = "Jobs.Read", "Jobs.ReadWrite"
"""The roles of the Entra application. Who may write may read."""
_ENTRA = "aad"
_ROLE_CLAIMS = frozenset({"roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"})
"""As a token names it, and as the platform's own mapping may rename it."""
_LONGEST = 2**16


class Claim(BaseModel):
    """One claim of the caller's token."""

    model_config = ConfigDict(frozen=True, strict=True)

    typ: str
    val: object = None


class Principal(BaseModel):
    """The caller, as the platform tells him. `auth_typ`: by whom he was authenticated."""

    model_config = ConfigDict(frozen=True)

    auth_typ: str
    claims: tuple[Claim, ...]

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(each.val for each in self.claims if each.typ in _ROLE_CLAIMS and isinstance(each.val, str))


def read_principal(header: str | None) -> Principal | None:
    """The caller whom the header names; None where it is missing or unreadable, or where it was not Entra who told."""
    if not header or len(header) > _LONGEST:
        return None
    try:
        found = Principal.model_validate_json(base64.b64decode(header, validate=True))
    except (binascii.Error, ValueError, ValidationError):
        return None
    return found if found.auth_typ == _ENTRA else None


def refusal(auth: HttpAuth, header: str | None, method: str) -> Answer | None:
    """What the caller is told instead of what he asked for; None: he may. By key, the host has decided before us."""
    if not auth.entra:
        return None
    if not auth.guarded:
        fix = f"switch it on for this app (docs/deploy.md), or set {NAME} to key"
        return 503, problem("authentication", "App Service Authentication is off, so no caller can be known", fix)
    caller = read_principal(header)
    if caller is None:
        return 401, problem("signIn", "the request names no caller of Entra", "send a token of this app's application")
    wanted = (READS, WRITES) if method == "GET" else (WRITES,)
    if caller.roles.isdisjoint(wanted):
        return 403, problem("role", f"this needs the role {' or '.join(wanted)}", "ask who runs this app for the role")
    return None
