"""Callers as App Service Authentication tells them, in a header of base64 over JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

from controller.caller import HEADER

MAPPED = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"


def claim(kind: str, value: object) -> dict[str, Any]:
    return {"typ": kind, "val": value}


def told(document: object) -> str:
    """The header's value for any JSON."""
    return base64.b64encode(json.dumps(document).encode()).decode()


def caller(*roles: str, kind: str = "roles", provider: str = "aad") -> dict[str, str]:
    """The headers with which the platform passes on a request of somebody who holds these roles."""
    claims = [
        claim("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "someone@example.org"),
        claim("http://schemas.microsoft.com/identity/claims/objectidentifier", "00000000-0000-0000-0000-000000000001"),
        claim("exp", "1893456000"),
        *(claim(kind, role) for role in roles),
    ]
    principal = {
        "auth_typ": provider,
        "claims": claims,
        "name_typ": "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "role_typ": MAPPED,
    }
    return {HEADER: told(principal)}
