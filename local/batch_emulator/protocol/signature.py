"""SharedKey: does the Authorization header match one of the signatures a client may compute for this request?"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import product
from urllib.parse import unquote_plus

from local.batch_emulator.failures import BatchError
from local.batch_emulator.protocol.moments import parse_header_date

FRESH = timedelta(minutes=15)
_SIGNED = (
    "Content-Encoding", "Content-Language", "Content-Length", "Content-MD5", "Content-Type", "Date",
    "If-Modified-Since", "If-Match", "If-None-Match", "If-Unmodified-Since", "Range",
)  # fmt: skip


def _names_and_values(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if value:
            yield unquote_plus(name), unquote_plus(value)


def _headers(headers: Mapping[str, str], length: str) -> list[str]:
    plain = [length if name == "Content-Length" else headers.get(name, "") for name in _SIGNED]
    ocp = sorted((name.lower(), value.strip()) for name, value in headers.items() if name.lower().startswith("ocp-"))
    return plain + [f"{name}:{value}" for name, value in ocp]


def _resource(account: str, path: str, query: Iterable[tuple[str, str]], lower: bool) -> str:
    first: dict[str, str] = {}
    for name, value in query:
        first.setdefault(name.lower() if lower else name, value)
    return f"/{account}{path}" + "".join(f"\n{name}:{first[name]}" for name in sorted(first))


def _lengths(method: str, headers: Mapping[str, str]) -> list[str]:
    """Clients differ in how they sign an empty body: as "0" or as nothing."""
    length = headers.get("Content-Length", "")
    if method in ("GET", "HEAD"):
        return [""]
    return [length, "", "0"] if length in ("", "0") else [length]


def candidates(method: str, path: str, query: str, headers: Mapping[str, str], account: str) -> Iterator[str]:
    """Give every string-to-sign known clients build: query names as sent or in lower case, no body as 0 or nothing."""
    pairs = list(_names_and_values(query))
    for length, lower in product(_lengths(method, headers), (False, True)):
        yield "\n".join([method, *_headers(headers, length), _resource(account, path, pairs, lower)])


def sign(text: str, key: str) -> str:
    """Give the base64 HMAC-SHA256 of `text` under the base64 `key`."""
    digest = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _split(authorization: str) -> tuple[str, str]:
    scheme, _, rest = authorization.partition(" ")
    account, colon, signature = rest.strip().partition(":")
    if scheme.lower() != "sharedkey":
        raise BatchError("AuthenticationFailed", "Only SharedKey is checked here; no other scheme is accepted.")
    if not colon:
        raise BatchError("InvalidAuthenticationInfo", Reason="SharedKey needs <account>:<signature>.")
    return account, signature


def _check_date(headers: Mapping[str, str], now: datetime) -> None:
    text = headers.get("ocp-date") or headers.get("Date")
    if not text:
        raise BatchError(
            "AuthenticationFailed", AuthenticationErrorDetail="The request has no ocp-date or Date header."
        )
    try:
        skew = abs(now - parse_header_date(text))
    except (ValueError, TypeError) as error:
        raise BatchError("InvalidHeaderValue", HeaderName="ocp-date", HeaderValue=text) from error
    if skew > FRESH:
        raise BatchError("AuthenticationFailed", AuthenticationErrorDetail=f"ocp-date is {skew} away from now.")


def authenticate(
    method: str, path: str, query: str, headers: Mapping[str, str], *, account: str, key: str, now: datetime
) -> None:
    """Raise BatchError unless the request is signed with this account's key and was dated within 15 minutes of `now`.

    `path` and `query` are raw, as sent. `headers` is case-insensitive.
    """
    authorization = headers.get("Authorization")
    if not authorization:
        raise BatchError("AuthenticationFailed", AuthenticationErrorDetail="The Authorization header is missing.")
    named, given = _split(authorization)
    _check_date(headers, now)
    try:
        signatures = [sign(text, key) for text in candidates(method, path, query, headers, named)]
    except (binascii.Error, ValueError) as error:
        raise BatchError("AuthenticationFailed", "The emulator's own account key is not base64.") from error
    if named.lower() != account.lower() or not any(hmac.compare_digest(given.encode(), s.encode()) for s in signatures):
        detail = "The signature is not the same as any computed signature."
        raise BatchError("AuthenticationFailed", AuthenticationErrorDetail=detail)
