"""Access tokens of the local ground: unsigned JSON Web Tokens with a true audience and a true end.

Nothing here proves who is asking; it proves that a client asked for the right audience and renews in time.
"""

import base64
import json
import uuid
from dataclasses import dataclass
from typing import Any

TENANT = "11111111-1111-1111-1111-111111111111"
IDENTITY = "22222222-2222-2222-2222-222222222222"


class BadToken(Exception):
    """The bearer token is not one that this audience takes now."""


@dataclass(frozen=True)
class AccessToken:
    """`audience` is the resource asked for; `expires` in Unix seconds."""

    audience: str
    issued: int
    expires: int

    def encode(self) -> str:
        """The token as a client sends it."""
        claims = {
            "aud": self.audience,
            "iss": f"https://sts.windows.net/{TENANT}/",
            "iat": self.issued,
            "nbf": self.issued,
            "exp": self.expires,
            "appid": IDENTITY,
            "oid": IDENTITY,
            "sub": IDENTITY,
            "tid": TENANT,
            "ver": "1.0",
            "jti": str(uuid.uuid4()),
        }
        return f"{_pack({'alg': 'none', 'typ': 'JWT'})}.{_pack(claims)}."


def check_bearer(header: str, audience: str, now: int) -> None:
    """Raise BadToken unless an Authorization header carries a token for `audience` that holds at `now`."""
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer":
        raise BadToken("no bearer token was sent")
    claims = _claims(token)
    if claims.get("aud") != audience:
        raise BadToken(f"the token's audience is {claims.get('aud')!r}; this is {audience!r}")
    if not claims.get("nbf", 0) <= now < claims.get("exp", 0):
        raise BadToken("the token has expired or is not valid yet")


def _claims(token: str) -> dict[str, Any]:
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError) as error:
        raise BadToken("the token is no JSON Web Token") from error
    if not isinstance(claims, dict):
        raise BadToken("the token's claims are no object")
    return claims


def _pack(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
