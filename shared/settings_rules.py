"""What settings must hold together, and names that are nearly right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from shared.settings import Settings

_OURS = "BATCHDROP_"
_CONNECTIONS = ("BATCHDROP_CONTROL__", "BATCHDROP_WORK__")
_PUBLIC_BATCH = ".batch.azure.com"


def disagreements(settings: Settings, *, identity: bool) -> list[str]:
    """Settings that are right each and wrong together. `identity`: is identity mode asked for, rightly or not?"""
    rules = [*_of_batch(settings, identity), *(_of_identity(settings) if identity else _of_keys(settings))]
    if bool(settings.topic) != bool(settings.topic_key_secret):
        rules.append("BATCHDROP_TOPIC and BATCHDROP_TOPIC_KEY_SECRET go together: set both, or none (queue instead)")
    if settings.poll_min > settings.poll_max:
        rules.append("BATCHDROP_POLL_MIN is greater than BATCHDROP_POLL_MAX")
    return rules


def _of_batch(settings: Settings, identity: bool) -> Iterable[str]:
    if settings.batch_key_secret and not settings.batch_account:
        yield "BATCHDROP_BATCH_ACCOUNT is missing: with BATCHDROP_BATCH_KEY_SECRET the account's name is needed"
    if not settings.batch_key_secret and settings.batch_endpoint.startswith("http://"):
        missing = "" if identity else "BATCHDROP_BATCH_KEY_SECRET is missing: without a key "
        yield f"{missing}BATCHDROP_BATCH_ENDPOINT must be https, as no token is ever sent over http"
    if settings.batch_key_secret and settings.subnet:
        yield (
            "BATCHDROP_SUBNET needs a token: the service makes no pool in a virtual network for a caller with a key. "
            "Leave BATCHDROP_BATCH_KEY_SECRET out"
        )


def _of_keys(settings: Settings) -> Iterable[str]:
    if not settings.work_key_secret:
        yield (
            "BATCHDROP_WORK_KEY_SECRET is missing: it signs what nodes may read and write, unless they bear an "
            "identity (BATCHDROP_BATCH_ACCOUNT_ID and BATCHDROP_NODE_IDENTITY)"
        )
    if settings.registry and not (settings.registry.user and settings.registry.password_secret):
        yield (
            "BATCHDROP_REGISTRY_SERVER, BATCHDROP_REGISTRY_USER and BATCHDROP_REGISTRY_PASSWORD_SECRET go together: "
            "set all three, or none; a server alone needs nodes with an identity (BATCHDROP_NODE_IDENTITY)"
        )


def _of_identity(settings: Settings) -> Iterable[str]:
    for name, value in (
        ("BATCHDROP_BATCH_KEY_SECRET", settings.batch_key_secret),
        ("BATCHDROP_WORK_KEY_SECRET", settings.work_key_secret),
    ):
        if value:
            yield f"{name} has no use with BATCHDROP_NODE_IDENTITY: leave one of them out"
    if settings.registry and bool(settings.registry.user) != bool(settings.registry.password_secret):
        yield "BATCHDROP_REGISTRY_USER and BATCHDROP_REGISTRY_PASSWORD_SECRET go together: set both, or none (identity)"
    if settings.identity:
        yield from _of_names(settings, settings.identity.account.name)


def _of_names(settings: Settings, named: str) -> Iterable[str]:
    """Pools made in one account and jobs in another would never meet."""
    if settings.batch_account and settings.batch_account.lower() != named.lower():
        yield f"BATCHDROP_BATCH_ACCOUNT is another account than BATCHDROP_BATCH_ACCOUNT_ID names ({named})"
    host = (urlsplit(settings.batch_endpoint).hostname or "").lower()
    if host.endswith(_PUBLIC_BATCH) and host.partition(".")[0] != named.lower():
        yield f"BATCHDROP_BATCH_ENDPOINT is another account's than BATCHDROP_BATCH_ACCOUNT_ID names ({named})"


def misspelt(environ: Mapping[str, str], names: frozenset[str]) -> list[str]:
    """A misspelt name would be a setting that silently does nothing. Names like none of ours are other programs'."""
    known = {name.removeprefix(_OURS): name for name in names}
    strange = sorted(name for name in environ if name.startswith(_OURS) and not name.startswith(_CONNECTIONS))
    found = []
    for name in strange:
        meant = get_close_matches(name.removeprefix(_OURS), known, n=1, cutoff=0.75)
        if meant and name not in names:
            found.append(f"{name} is not a setting; did you mean {known[meant[0]]}?")
    return found
