"""Who asks: the account's key, or a signature that was made with it."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from local.in_process.exchange import Sent
from local.strict_store.call import Call
from local.strict_store.refusals import Refusal, require
from local.strict_store.state import Account, Policy

SIGNED = frozenset(
    ["sv", "st", "se", "sr", "sp", "si", "sip", "spr", "sig", "ses", "rscc", "rscd", "rsce", "rscl", "rsct"]
)
"""Query parameters of a service SAS."""
_STANDARD = [
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
]
_DENIED = "Server failed to authenticate the request."


def sign(key: str, text: str) -> str:
    """HMAC-SHA256 by the account's key, both base64."""
    return base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode()


def check_key(account: Account, sent: Sent) -> None:
    """The Authorization header is `SharedKey <account>:<signature of this request>`."""
    headers = {name.lower(): value for name, value in sent.headers.items()}
    given = headers.get("authorization", "")
    require(given, 401, "NoAuthenticationInformation", _DENIED)
    wanted = f"SharedKey {account.name}:{sign(account.key, to_sign(account.name, sent, headers))}"
    require(hmac.compare_digest(given, wanted), 403, "AuthenticationFailed", _DENIED)


def to_sign(account: str, sent: Sent, headers: Mapping[str, str]) -> str:
    """The text that a client signs with the key."""
    standard = [headers.get(name, "") for name in _STANDARD]
    standard[2] = "" if standard[2] == "0" else standard[2]
    ours = sorted((name for name in headers if name.startswith("x-ms-")), key=weight)
    query = sorted((name.lower(), value) for name, value in parse_qsl(sent.query, keep_blank_values=True))
    lines = [sent.method, *standard, *(f"{name}:{headers[name]}" for name in ours), f"/{account}{sent.path}"]
    return "\n".join([*lines, *(f"{name}:{value}" for name, value in query)])


def weight(name: str) -> tuple[str, str]:
    """The service sorts as words are sorted: hyphens count last, underscores before digits before letters."""
    return name.replace("-", "").replace("_", "\x01"), name


def check_signature(call: Call, allowed: str, container: str, blob: str, query: Mapping[str, str]) -> None:
    """A service SAS for one blob or for a container. `allowed`: any one of these permissions is enough."""
    wanted = sign(call.account.key, signature_text(call.account.name, container, blob, query))
    require(hmac.compare_digest(query["sig"], wanted), 403, "AuthenticationFailed", "Signature did not match.")
    policy = policy_of(call, container, query)
    start, expiry = policy.start or moment(query.get("st")), policy.expiry or moment(query.get("se"))
    require(expiry is not None and call.now < expiry, 403, "AuthenticationFailed", "Signature not valid in time.")
    require(start is None or start <= call.now, 403, "AuthenticationFailed", "Signature not valid in time.")
    granted = policy.permission or query.get("sp", "")
    enough = set(allowed) & set(granted)
    require(enough, 403, "AuthorizationPermissionMismatch", f"{granted!r} grants none of {allowed!r}.")


def signature_text(account: str, container: str, blob: str, query: Mapping[str, str]) -> str:
    """As of version 2020-12-06."""
    kind = query.get("sr", "")
    require(kind in ("b", "c"), 403, "AuthenticationFailed", f"sr={kind} is not known here.")
    resource = f"/blob/{account}/{container}" + (f"/{blob}" if kind == "b" else "")
    fields = [query.get(name, "") for name in ("sp", "st", "se")]
    fields += [resource, *(query.get(name, "") for name in ("si", "sip", "spr", "sv", "sr")), "", query.get("ses", "")]
    return "\n".join(fields + [query.get(name, "") for name in ("rscc", "rscd", "rsce", "rscl", "rsct")])


def policy_of(call: Call, container: str, query: Mapping[str, str]) -> Policy:
    """The stored access policy it names. One that is revoked takes all its signatures along."""
    if "si" not in query:
        return Policy(None, None, None)
    found = call.account.container(container).policies.get(query["si"])
    if found is None:
        raise Refusal(403, "AuthenticationFailed", "The access policy of this signature is not there.")
    return found


def moment(text: str | None) -> datetime | None:
    """`2026-01-05T08:00:00Z`, or a date alone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
