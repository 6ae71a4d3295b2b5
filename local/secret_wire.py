"""Secrets as the Key Vault protocol writes them."""

from dataclasses import replace
from typing import Any

from local.secret_store import RECOVERABLE_DAYS, DeletedSecret, Details, Secret, VaultRefusal


def as_secret(vault: str, secret: Secret) -> dict[str, Any]:
    """With its value."""
    return {"value": secret.value, **as_item(vault, secret, with_version=True)}


def as_item(vault: str, secret: Secret, *, with_version: bool = False) -> dict[str, Any]:
    """Without its value; the id in a list of secrets carries no version."""
    path = f"{secret.name}/{secret.version}" if with_version else secret.name
    item = {
        "id": f"{vault}/secrets/{path}",
        "contentType": secret.details.content_type,
        "attributes": _attributes(secret),
        "tags": secret.details.tags,
    }
    return _present(item)


def as_deleted(vault: str, deleted: DeletedSecret) -> dict[str, Any]:
    """A deleted secret: its latest version and when it went."""
    latest = deleted.versions[-1]
    return {
        **as_item(vault, latest, with_version=True),
        "recoveryId": f"{vault}/deletedsecrets/{latest.name}",
        "deletedDate": deleted.deleted,
        "scheduledPurgeDate": deleted.purged_on,
    }


def read_value(body: dict[str, Any]) -> str:
    """The value of a request to set a secret."""
    value = body.get("value")
    if not isinstance(value, str):
        raise VaultRefusal(400, "BadParameter", "Property value is missing or no string.")
    return value


def read_details(body: dict[str, Any], old: Details | None = None) -> Details:
    """The details of a request; what it does not name stays as it was."""
    attributes = body.get("attributes") or {}
    named = {
        "content_type": body.get("contentType"),
        "tags": body.get("tags"),
        "enabled": attributes.get("enabled"),
        "not_before": attributes.get("nbf"),
        "expires": attributes.get("exp"),
    }
    return replace(old or Details(), **_present(named))


def _attributes(secret: Secret) -> dict[str, Any]:
    return _present(
        {
            "enabled": secret.details.enabled,
            "nbf": secret.details.not_before,
            "exp": secret.details.expires,
            "created": secret.created,
            "updated": secret.updated,
            "recoveryLevel": "Recoverable+Purgeable",
            "recoverableDays": RECOVERABLE_DAYS,
        }
    )


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
