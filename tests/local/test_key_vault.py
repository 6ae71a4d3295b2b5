"""Key Vault and managed identity: the Azure clients as they come, with nothing but a Function App's environment."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken as ClientToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.keyvault.secrets import SecretClient

from local.access_tokens import AccessToken
from local.certificates import Certificate, ensure_certificate
from local.key_vault import KeyVault
from local.managed_identity import PATH, ManagedIdentity
from local.secret_store import SecretStore
from local.serving import serve

HEADER = "the-header"
READ_WITH_DEFAULTS = """
import json, sys
from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient
credential = DefaultAzureCredential()
client = SecretClient(sys.argv[1], credential)
print(json.dumps([client.get_secret("batch-key").value, credential.get_token("https://storage.azure.com/.default").token]))
"""


class TokenOfOurOwn:
    """A credential that answers every scope, `seconds` from now."""

    def __init__(self, seconds: int = 3600) -> None:
        self.seconds = seconds
        self.scopes: list[str] = []

    def get_token(self, *scopes: str, **_: object) -> ClientToken:
        """The token for the resource that the scope names."""
        self.scopes.extend(scopes)
        now = int(time.time())
        token = AccessToken(scopes[0].removesuffix("/.default"), now - 10, now + self.seconds)
        return ClientToken(token.encode(), now + 3600)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """One certificate for these tests."""
    return ensure_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def vault(certificate: Certificate) -> Iterator[str]:
    """The URL of a vault with one secret."""
    store = SecretStore()
    store.set("batch-key", "s3cret")
    with serve(KeyVault(store), certificate=certificate) as serving:
        yield serving.url


@pytest.fixture
def client(vault: str, certificate: Certificate) -> Iterator[SecretClient]:
    """The real client, told only which certificate to trust."""
    with SecretClient(vault, TokenOfOurOwn(), connection_verify=str(certificate.certificate)) as client:
        yield client


def test_default_credential_reads_a_secret(vault: str, certificate: Certificate) -> None:
    """DefaultAzureCredential() and SecretClient(url) work untouched under the settings the stack provides."""
    with serve(ManagedIdentity(HEADER)) as identity:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
        environment = {
            **kept,
            "IDENTITY_ENDPOINT": identity.url + PATH,
            "IDENTITY_HEADER": HEADER,
            "REQUESTS_CA_BUNDLE": str(certificate.bundle),
        }
        done = subprocess.run(
            [sys.executable, "-c", READ_WITH_DEFAULTS, vault],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    secret, token = json.loads(done.stdout)
    assert secret == "s3cret"
    assert token.count(".") == 2


def test_versions_and_properties(client: SecretClient) -> None:
    """A new value is a new version, the old one stays readable, and its properties can be changed."""
    first = client.set_secret("topic-key", "one", content_type="text/plain", tags={"a": "b"})
    second = client.set_secret("topic-key", "two")
    assert client.get_secret("topic-key").value == "two"
    assert client.get_secret("topic-key", first.properties.version).value == "one"
    client.update_secret_properties("topic-key", second.properties.version, enabled=False)
    with pytest.raises(HttpResponseError, match="disabled"):
        client.get_secret("topic-key")
    states = {each.version: each.enabled for each in client.list_properties_of_secret_versions("topic-key")}
    assert states == {first.properties.version: True, second.properties.version: False}


def test_delete_recover_purge(client: SecretClient) -> None:
    """A deleted secret is gone, holds its name, and comes back or goes for good."""
    client.begin_delete_secret("batch-key").wait()
    with pytest.raises(ResourceNotFoundError):
        client.get_secret("batch-key")
    with pytest.raises(ResourceExistsError):
        client.set_secret("batch-key", "again")
    client.begin_recover_deleted_secret("batch-key").wait()
    assert client.get_secret("batch-key").value == "s3cret"
    deleted = client.begin_delete_secret("batch-key").result()
    assert deleted.name == "batch-key"
    client.purge_deleted_secret("batch-key")
    with pytest.raises(ResourceNotFoundError):
        client.get_deleted_secret("batch-key")


def test_lists_come_in_pages(client: SecretClient) -> None:
    """A list longer than a page is complete and in order."""
    names = [f"secret-{number:02}" for number in range(60)]
    for name in names:
        client.set_secret(name, "x")
    listed = [each.name for each in client.list_properties_of_secrets()]
    assert listed == ["batch-key", *names]


def test_what_the_vault_refuses(client: SecretClient) -> None:
    """A missing secret, a bad name and an operation it does not serve are refused by name."""
    with pytest.raises(ResourceNotFoundError, match="no-such"):
        client.get_secret("no-such")
    with pytest.raises(HttpResponseError, match="bad_name"):
        client.set_secret("bad_name", "x")
    with pytest.raises(HttpResponseError, match="not served by the local Key Vault"):
        client.backup_secret("batch-key")


def test_an_expired_token_is_refused(vault: str, certificate: Certificate) -> None:
    """A token whose time is over opens nothing."""
    expired = SecretClient(vault, TokenOfOurOwn(seconds=-1), connection_verify=str(certificate.certificate))
    with expired, pytest.raises(ClientAuthenticationError, match="expired"):
        expired.get_secret("batch-key")


def test_the_certificate_is_kept_and_the_bundle_holds_others(certificate: Certificate) -> None:
    """A second start keeps the certificate; the bundle still trusts the rest of the world."""
    before = certificate.certificate.read_bytes()
    again = ensure_certificate(certificate.certificate.parent)
    assert again.certificate.read_bytes() == before
    assert again.bundle.read_text().count("BEGIN CERTIFICATE") > 50
    assert certificate.key.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("query", "header", "status"),
    [
        ("api-version=2019-08-01&resource=https://batch.core.windows.net/", HEADER, 200),
        ("api-version=2019-08-01&resource=x", "wrong", 401),
        ("api-version=2017-09-01&resource=x", HEADER, 400),
        ("api-version=2019-08-01", HEADER, 400),
    ],
)
def test_identity_endpoint_checks_its_callers(query: str, header: str, status: int) -> None:
    """Only the header's holder gets a token, and only for a named resource in the known version."""
    with serve(ManagedIdentity(HEADER)) as identity:
        connection = http.client.HTTPConnection("127.0.0.1", identity.port)
        connection.request("GET", f"{PATH}?{query}", headers={"X-IDENTITY-HEADER": header})
        answer = connection.getresponse()
        body = json.loads(answer.read())
        connection.close()
    assert answer.status == status
    assert ("access_token" in body) == (status == 200)


def test_it_runs_alone(tmp_path: Path) -> None:
    """`python -m local.key_vault` prints one ready line with its address and ends on SIGTERM."""
    command = [sys.executable, "-m", "local.key_vault", "--folder", str(tmp_path), "--secret", "a=b"]
    checkout = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        line = program.stdout.readline()
        program.terminate()
        assert program.wait(10) == 0
    assert line.startswith("key vault ready: https://127.0.0.1:")
