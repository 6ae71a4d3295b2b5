"""Secrets that can be told wherever they turn up, in the ways that programs write things down."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from urllib.parse import quote


def key_of(mark: str) -> str:
    """64 bytes that begin with the mark, as the services write their keys."""
    return base64.b64encode(mark.encode().ljust(64, b".")).decode()


def spellings(secret: str) -> Iterator[bytes]:
    """The secret as it is, percent-encoded, in hex, within base64 at any offset, and, where it is base64, unpacked."""
    raw = secret.encode()
    yield from {raw, quote(secret, safe="").encode(), quote(secret, safe="/").encode(), raw.hex().encode()}
    yield from {raw.replace(b"/", b"\\/"), raw.replace(b"+", b"-").replace(b"/", b"_")}
    for offset in range(3):
        packed = base64.b64encode(b"\0" * offset + raw)
        yield packed[4 if offset else 0 :].rstrip(b"=")[:-2]
    try:
        yield base64.b64decode(raw, validate=True).rstrip(b".")
    except ValueError:
        return


def holds(content: bytes, secret: str) -> bool:
    """Does any spelling of the secret stand in the content?"""
    return any(spelling in content for spelling in spellings(secret))
