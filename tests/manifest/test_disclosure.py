"""A key in a manifest: refused where it stands, and said nowhere again."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE
from tests.manifest.making import POLICY, parsed, problems, problems_yaml, told, tree

KEY = base64.b64encode(b"k" * 64).decode()
SIGNATURE = "sig=5pcrTqWmKt%2Bd1Sb7fXyUzQeLh0aNvJgEoRi9kMlBw%3D"
SAS = f"https://other.blob.core.windows.net/c/b?sv=2025-01-05&se=2027-01-01&sr=b&sp=r&{SIGNATURE}"
CONNECTION = f"DefaultEndpointsProtocol=https;AccountName=other;AccountKey={KEY};EndpointSuffix=core.windows.net"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n"
SECRETS = {
    "signature": SAS,
    "token alone": SIGNATURE,
    "connection string": CONNECTION,
    "spaces": f"AccountKey = {KEY}",
    "bus": f"Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey={KEY}",
    "pem": PEM,
    "address": "postgres://reader:hunter2hunter2@db.example/x",
}
PLACES: list[tuple[dict[str, Any], str]] = [
    ({"container.environment": {"A": "?"}}, "container.environment.A"),
    ({"container.args": ["--key", "?"]}, "container.args[1]"),
    ({"container.command": ["?"]}, "container.command[0]"),
    ({"container.image": "?"}, "container.image"),
    ({"container.secrets": {"A": "?"}}, "container.secrets.A"),
    ({"config": {"deep": [{"in": "?"}]}}, "config.deep[0].in"),
    ({"config": "?"}, "config"),
    ({"input.items": [1, {"url": "?"}]}, "input.items[1].url"),
    ({"input.blob": "?"}, "input.blob"),
    ({"input.blobs": "?"}, "input.blobs"),
    ({"input.range": {"stop": 3}, "input.waitFor": "?"}, "input.waitFor"),
    ({"reference": [{"name": "a", "from": "?"}]}, "reference[0].from"),
    ({"labels": {"a": "?"}}, "labels.a"),
    ({"idempotencyKey": "?"}, "idempotencyKey"),
    ({"merge.to": "?"}, "merge.to"),
    ({"output.name": "?"}, "output.name"),
    ({"nonsense": "?"}, "nonsense"),
]


def with_secret(changes: Any, secret: str) -> Any:
    if isinstance(changes, dict):
        return {name: with_secret(each, secret) for name, each in changes.items()}
    if isinstance(changes, list):
        return [with_secret(each, secret) for each in changes]
    return secret if changes == "?" else changes


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_in_a_manifest_is_refused(secret: str) -> None:
    """Signatures, account keys, private keys and passwords in addresses, whatever stands around them."""
    assert told(problems({"container.environment": {"A": SECRETS[secret]}})) == [("container.environment.A", "secret")]


@pytest.mark.parametrize(("changes", "path"), PLACES, ids=[path for _, path in PLACES])
def test_a_secret_is_refused_where_it_stands_and_never_repeated(changes: dict[str, Any], path: str) -> None:
    """In every field that takes text, and in fields that are none: the place is told, the value is not."""
    found = problems(with_secret(changes, SAS))
    assert (path, "secret") in told(found)
    assert "sig=" not in repr(found)
    assert "other.blob" not in repr(found)


def test_a_bare_account_key_is_told_from_data() -> None:
    """88 characters of base64 are a key in the container's settings; among items and config they may be a hash."""
    assert told(problems({"container.environment": {"A": f" {KEY}\n"}})) == [("container.environment.A", "secret")]
    digest = base64.b64encode(hashlib.sha512(b"x").digest()).decode()
    assert parsed({"input.items": [digest], "config": {"sum": digest}}).input.items == (digest,)


@pytest.mark.parametrize(
    "text",
    ["sig=short", "design=abcdefghijklmnopqrstuvwxyz", "AccountKey=", "a:b@c", "http://host:8080/a@b", "$(X)sig"],
)
def test_words_that_only_look_like_keys_are_taken(text: str) -> None:
    """A parameter named sig, an address with a port, a word that ends alike."""
    assert parsed({"config": {"a": text}}).config == {"a": text}


def test_a_secret_as_a_key_of_a_mapping_is_hidden_too() -> None:
    """The paths of the problems hold names of fields: such a name is taken out as well."""
    found = problems({"container.environment": {CONNECTION: "x"}, "config": {SAS: {"a": SAS}}})
    assert {problem.rule for problem in found} >= {"secret"}
    assert KEY not in repr(found)
    assert "sig=" not in repr(found)


@pytest.mark.parametrize(
    "raw",
    [
        f"a: *{SIGNATURE}x\n",
        f"a: !{SIGNATURE}x 1\n",
        f"? {{a: 1}}\n: 1\n'{SIGNATURE}': 1\n'{SIGNATURE}': 2\n",
        f"'{SIGNATURE}': 1\n'{SIGNATURE}': 2\n",
    ],
)
def test_a_file_that_cannot_be_read_does_not_repeat_a_secret(raw: str) -> None:
    """Syntax errors name aliases, tags and doubled keys: not these."""
    found = problems_yaml(raw)
    assert found
    assert "5pcrT" not in repr(found)


def test_a_secret_is_neither_in_the_status_nor_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    """What a person reads of a refused manifest, and what the operator reads, is free of it."""
    ground = Ground()
    with caplog.at_level(0):
        ground.drop(RANGE + f"config: {{url: '{SAS}'}}\nnope: '{CONNECTION}'\n")
    status = ground.status()
    assert [problem["rule"] for problem in status["problems"]] == ["secret", "secret"]
    written = json.dumps(status) + caplog.text
    assert KEY not in written
    assert "5pcrT" not in written


def test_the_deployments_own_secrets_are_reserved() -> None:
    """Not even a policy that lists the registry's password, in any spelling, gives it to a task."""
    policy = POLICY.model_copy(
        update={"secrets": ("Registry-Password", "task-sql"), "own_secrets": frozenset({"registry-password"})}
    )
    for name in ("Registry-Password", "registry-password", "REGISTRY-PASSWORD"):
        found = problems({"container.secrets": {"A": name}}, policy)
        assert told(found) == [("container.secrets.A", "reservedSecret")]
    assert problems({"container.secrets": {"A": "task-sql"}}, policy) == ()
    side = {"by": "container", "container": {"secrets": {"A": "Registry-Password"}}}
    assert told(problems({"merge": side}, policy)) == [("merge.container.secrets.A", "reservedSecret")]


def test_a_megabyte_is_searched_at_once() -> None:
    """Looking for keys costs no more than reading."""
    import time

    for filler in ("a" * 990_000, "A=" * 400_000, "://a:" * 180_000, "sig=; " * 160_000, "-----BEGIN " * 80_000):
        raw = json.dumps(tree({"config": {"a": filler}})).encode()
        start = time.process_time()
        assert {problem.rule for problem in problems_yaml(raw, "a.json")} == {"range"}
        assert time.process_time() - start < 3
