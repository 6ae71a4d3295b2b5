"""Secrets out of a Key Vault over https, through the real client."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from azure.core.credentials import AccessToken as ClientToken
from werkzeug import Request, Response

from local.access_tokens import AccessToken
from local.certificates import Certificate, ensure_certificate
from local.key_vault import KeyVault
from local.secret_store import SecretStore
from local.serving import serve
from shared.azure.line import Line
from shared.azure.vault import VaultSecrets
from shared.errors import Refused, Transient
from tests.fakes.clock import VirtualClock


class Tokens:
    """A credential for whatever resource the vault names."""

    def get_token(self, *scopes: str, **_: object) -> ClientToken:
        now = int(time.time())
        token = AccessToken(scopes[0].removesuffix("/.default"), now - 10, now + 3600)
        return ClientToken(token.encode(), now + 3600)


class Vault:
    """The local Key Vault, with a tally and refusals to order."""

    def __init__(self) -> None:
        self.store = SecretStore()
        self.answers: list[int] = []
        self.reads = 0
        self._vault = KeyVault(self.store)

    def __call__(self, request: Request) -> Response:
        if "Authorization" not in request.headers:
            return self._vault(request)
        self.reads += 1
        if self.answers:
            body = '{"error": {"code": "Forbidden", "message": "Caller is not authorized."}}'
            return Response(body, status=self.answers.pop(0), content_type="application/json")
        return self._vault(request)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return ensure_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def vault() -> Vault:
    made = Vault()
    made.store.set("batch-key", "first")
    return made


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def secrets(
    vault: Vault, clock: VirtualClock, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VaultSecrets]:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.bundle))
    with serve(vault, certificate=certificate) as serving:
        port = VaultSecrets(serving.url, clock, Line(credential=Tokens()))
        yield port
        port.close()


def test_secret_is_kept_for_ten_minutes(vault: Vault, clock: VirtualClock, secrets: VaultSecrets) -> None:
    """A secret is asked for once in ten minutes, then again; asking anew gives the newest at once."""
    assert secrets.get("batch-key") == "first"
    vault.store.set("batch-key", "second")
    clock.advance(timedelta(minutes=9))
    assert secrets.get("batch-key") == "first"
    assert vault.reads == 1
    assert secrets.reread("batch-key") == "second"
    assert secrets.get("batch-key") == "second"
    vault.store.set("batch-key", "third")
    clock.advance(timedelta(minutes=10))
    assert secrets.get("batch-key") == "third"
    assert vault.reads == 3


def test_secret_that_is_not_there(secrets: VaultSecrets) -> None:
    """A missing secret is denied by name, with what to do."""
    with pytest.raises(Refused, match=r"secret none .*Key Vault Secrets User") as denied:
        secrets.get("none")
    assert (denied.value.code, denied.value.status) == ("SECRET_DENIED", 404)


def test_one_refusal_is_tried_again(vault: Vault, secrets: VaultSecrets) -> None:
    """Rights that were given a moment ago are seen at the second try."""
    vault.answers = [403]
    assert secrets.get("batch-key") == "first"


def test_lasting_refusal_is_denied(vault: Vault, secrets: VaultSecrets) -> None:
    """Two refusals are an answer; the next pass asks again, and no value is in what is said."""
    vault.answers = [403, 403]
    with pytest.raises(Refused, match="batch-key") as denied:
        secrets.get("batch-key")
    assert (denied.value.code, denied.value.status) == ("SECRET_DENIED", 403)
    assert "first" not in str(denied.value)
    assert secrets.get("batch-key") == "first"


def test_busy_vault_is_transient(vault: Vault, secrets: VaultSecrets) -> None:
    """A vault that is busy for long says nothing about the secret."""
    vault.answers = [400]
    with pytest.raises(Refused) as refused:
        secrets.get("batch-key")
    assert refused.value.code != "SECRET_DENIED"
    vault.answers = [429] * 9
    with pytest.raises(Transient):
        secrets.get("batch-key")
