"""HTTP where Entra decides who may call: by the header of App Service Authentication, by role, and by nothing else."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import Client

from controller.caller import HEADER, READS, WRITES, read_principal, refusal
from shared.http_auth import HttpAuth
from shared.names import JOBS
from shared.settings import SettingsError, http_auth
from tests.http.principals import MAPPED, caller, claim, told
from tests.http.real import ENTRA
from tests.http.site import AUTHORISED, client_of, site_of
from tests.http.test_surface import FUNCTIONS
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE

READER, WRITER, NOBODY = caller(READS), caller(WRITES), caller()


def clients(ground: Ground, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with site_of(ground) as site:
        yield client_of(site)


@pytest.fixture
def client(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    yield from clients(ground, ENTRA, monkeypatch)


@pytest.fixture
def bare(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """Set to Entra, where the platform does not say that its authentication is on."""
    monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
    yield from clients(ground, {"BATCHDROP_HTTP_AUTH": "entra"}, monkeypatch)


def statuses(client: Client, headers: dict[str, str]) -> list[int]:
    """Of every function, asked with these headers."""
    answers = [client.open(path, method=method, headers=headers, data=RANGE) for method, path in FUNCTIONS]
    assert {answer.content_type for answer in answers} == {"application/json"}
    return [answer.status_code for answer in answers]


def untouched(ground: Ground) -> bool:
    return not ground.world.control.calls and not ground.world.work.calls


def test_nobody_calls_without_a_token(client: Client, ground: Ground) -> None:
    """No header, and any key instead: 401 with a word what to send, before anything is looked at."""
    ground.world.control.calls.clear()
    ground.world.work.calls.clear()
    for headers in ({}, AUTHORISED, {"Authorization": "Bearer forged"}, {HEADER: ""}):
        assert statuses(client, headers) == [401] * len(FUNCTIONS)
    answer = client.get("/api/jobs")
    assert (answer.headers["WWW-Authenticate"], answer.json["problems"][0]["rule"]) == ("Bearer", "signIn")
    assert untouched(ground)


def test_who_reads_may_not_write(client: Client, ground: Ground) -> None:
    """Jobs.Read opens what is GET, Jobs.ReadWrite all, no role nothing: 403 names the role that is needed."""
    methods = [method for method, _ in FUNCTIONS]
    assert statuses(client, NOBODY) == [403] * len(FUNCTIONS)
    assert [status == 403 for status in statuses(client, READER)] == [method == "POST" for method in methods]
    assert [each.name for each in ground.world.control.list(JOBS)] == []
    assert not {401, 403} & set(statuses(client, WRITER))
    assert [each.name for each in ground.world.control.list(JOBS)] == ["a.yaml"]
    refused = client.post("/api/jobs?path=b.yaml", headers=READER, data=RANGE).json["problems"][0]
    assert (refused["rule"], refused["message"]) == ("role", f"this needs the role {WRITES}")


@pytest.mark.parametrize("kind", ["roles", MAPPED])
def test_roles_count_under_both_of_their_names(kind: str, client: Client) -> None:
    """As tokens name the claim, and as the platform's mapping may rename it."""
    assert client.get("/api/jobs", headers=caller("Other", READS, kind=kind)).status_code == 200


def test_a_role_is_a_role_of_entra_in_its_own_claim(client: Client) -> None:
    """The same word in another claim, in another spelling, of another provider, or as anything but text counts not."""
    nearly = ("jobs.read", "Jobs.Read ", "Jobs.ReadWrite.All", "Jobs", "*", f"{READS},{WRITES}")
    for headers in (caller(*nearly), caller(READS, kind="groups"), caller(READS, kind="Roles")):
        assert client.get("/api/jobs", headers=headers).status_code == 403
    listed = told({"auth_typ": "aad", "claims": [claim("roles", [READS]), claim("roles", None)], "role_typ": "name"})
    assert client.get("/api/jobs", headers={HEADER: listed}).status_code == 403
    for provider in ("google", "facebook", "AAD", "", "azureStaticWebApps"):
        assert client.get("/api/jobs", headers=caller(READS, provider=provider)).status_code == 401


GOOD = WRITER[HEADER]
UNREADABLE = {
    "plain": f"{WRITES}",
    "json": '{"auth_typ":"aad","claims":[{"typ":"roles","val":"Jobs.ReadWrite"}]}',
    "cut": GOOD[:-5],
    "doubled": f"{GOOD},{GOOD}",
    "spaced": f"{GOOD[:40]} {GOOD[40:]}",
    "url alphabet": base64.urlsafe_b64encode(b"\xff\xfe?>" * 40).decode(),
    "no text": base64.b64encode(b"\x00\xff\xfe" * 30).decode(),
    "utf-16": base64.b64encode('{"auth_typ":"aad","claims":[]}'.encode("utf-16")).decode(),
    "list": told([]),
    "null": told(None),
    "no claims": told({"auth_typ": "aad"}),
    "claims of another shape": told({"auth_typ": "aad", "claims": {"roles": [WRITES]}}),
    "static web apps": told({"identityProvider": "aad", "userId": "1", "userDetails": "x", "userRoles": [WRITES]}),
    "no provider": told({"claims": [claim("roles", WRITES)]}),
    "tower": base64.b64encode(b'{"auth_typ":"aad","claims":' + b"[" * 20_000 + b"]" * 20_000 + b"}").decode(),
    "huge": told({"auth_typ": "aad", "claims": [claim("roles", WRITES)] * 2000}),
    "outside of ascii": "\u00e9" * 40,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_header_that_cannot_be_read_names_nobody(name: str, client: Client, ground: Ground) -> None:
    """Cut, doubled, of another shape, a tower, larger than any server takes: 401, short, and it is not repeated."""
    answer = client.post("/api/jobs?path=a.yaml", headers={HEADER: UNREADABLE[name]}, data=RANGE)
    assert (answer.status_code, len(answer.data) < 300) == (401, True)
    assert [each.name for each in ground.world.control.list(JOBS)] == []


@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode())))
def test_no_text_is_taken_for_a_caller(header: str) -> None:
    """Whatever the header holds, it is refused, and nothing breaks."""
    assert read_principal(header) is None
    assert (refusal(HttpAuth(True, True), header, "GET") or (0,))[0] == 401


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.sampled_from(["aad", "roles", READS])),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["typ", "val", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries({"auth_typ": JSON, "claims": JSON}))
def test_no_document_opens_more_than_its_role_claims_say(document: dict[str, object]) -> None:
    """Any JSON in the header lets in only who has the claim for it, as text, from Entra."""
    claims = document["claims"] if isinstance(document["claims"], list) else []
    holds = {"typ": "roles", "val": READS} in [{k: c.get(k) for k in ("typ", "val")} for c in claims if type(c) is dict]
    found = refusal(HttpAuth(True, True), told(document), "GET")
    assert found is not None or (holds and document["auth_typ"] == "aad")
    assert refusal(HttpAuth(True, True), told(document), "POST") is not None


def test_without_the_platforms_guard_nobody_is_believed(bare: Client, ground: Ground) -> None:
    """Where App Service Authentication is off anyone could write the header: 503 that says so, and nothing is done."""
    ground.world.control.calls.clear()
    ground.world.work.calls.clear()
    for headers in (WRITER, READER, AUTHORISED, {}):
        assert statuses(bare, headers) == [503] * len(FUNCTIONS)
    (problem,) = bare.get("/api/jobs", headers=WRITER).json["problems"]
    assert "App Service Authentication is off" in problem["message"]
    assert untouched(ground)


def test_by_key_the_header_means_nothing(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where keys decide, a caller's header opens nothing, guard or not."""
    monkeypatch.delenv("BATCHDROP_HTTP_AUTH", raising=False)
    monkeypatch.setenv("WEBSITE_AUTH_ENABLED", "True")
    with site_of(ground) as site:
        client = client_of(site)
        for method, path in FUNCTIONS:
            assert client.open(path, method=method, headers=WRITER, data=RANGE).status_code == 401
        assert client.get("/api/jobs", headers=AUTHORISED).status_code == 200


def test_what_is_published_names_the_way_in(client: Client) -> None:
    """The document asks for a token here, and for a key where keys decide; it says that a role may be missing."""
    document = client.get("/api/openapi.json", headers=READER).json
    assert document["security"] == [{"entra": []}]
    assert document["components"]["securitySchemes"]["entra"]["scheme"] == "bearer"
    operations = [each for path in document["paths"].values() for name, each in path.items() if name in ("get", "post")]
    assert all({"401", "403", "503"} <= set(each["responses"]) for each in operations)


@pytest.mark.parametrize("value", ["Entra", "keys", "none", "anonymous", "entra,key"])
def test_a_choice_that_is_none_is_refused_by_name(value: str) -> None:
    """The app does not begin with it; nothing falls open by a slip of the keyboard."""
    with pytest.raises(SettingsError, match="BATCHDROP_HTTP_AUTH must be key or entra"):
        http_auth({"BATCHDROP_HTTP_AUTH": value})


def test_the_guard_is_what_the_platform_says() -> None:
    """True in any case, or 1; everything else is off, as is nothing."""
    said = {value: http_auth({"BATCHDROP_HTTP_AUTH": "entra", "WEBSITE_AUTH_ENABLED": value}).guarded for value in
            ("True", "true", "1", "False", "false", "0", "", "yes")}  # fmt: skip
    assert [value for value, guarded in said.items() if guarded] == ["True", "true", "1"]
    assert http_auth({}) == HttpAuth(entra=False, guarded=False)
