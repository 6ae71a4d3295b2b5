"""The veil: what is secret is struck out of other programs' texts, by its shape or because it is known."""

from __future__ import annotations

import json
import logging
from urllib.parse import quote

import pytest
import requests
from azure.core.exceptions import ServiceRequestError
from hypothesis import given
from hypothesis import strategies as st

from shared.azure.failures import judged
from shared.logs import broken, line
from shared.veil import SHORTEST, STRUCK, Veil
from tests.secrecy.marks import key_of

SECRET = 'it\'s "a" p/ss+word=\\ä'


@pytest.mark.parametrize(
    "spelt", [SECRET, quote(SECRET), quote(SECRET, safe=""), json.dumps(SECRET), repr(SECRET), f"{SECRET}\n"]
)
def test_a_known_secret_is_struck_out_however_it_is_spelt(spelt: str) -> None:
    """Plain, in an address, within JSON, as Python shows it."""
    veil = Veil()
    assert veil.over(f"before {spelt} after") != f"before {STRUCK} after"
    veil.learn(SECRET)
    told = veil.over(f"before {spelt} after")
    assert STRUCK in told
    assert "word" not in told
    assert (told.startswith("before "), told.endswith(" after")) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "https://a.invalid/b?sv=1&sig=abc%2Fdef%3D&se=2",
        "sig%3Dabc%252Fdef",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc/def==;EndpointSuffix=x",
        "Authorization: Bearer abc.def",
        "Authorization: SharedKey account:abc/def=",
        "token eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4abcIn0.abc",
        "<CopySource>https://a.invalid/b?sig=abc</CopySource>",
    ],
)
def test_what_has_the_shape_of_a_secret_is_struck_out(text: str) -> None:
    """Signatures, keys, tokens that nobody told of."""
    told = Veil().over(text)
    assert STRUCK in told
    assert "abc" not in told


@given(st.text(st.characters(exclude_characters="*"), min_size=SHORTEST, max_size=30), st.text(), st.text())
def test_nothing_known_comes_through(secret: str, before: str, after: str) -> None:
    """Whatever it is made of, and whatever stands around it; blanks alone are no secret."""
    veil = Veil()
    veil.learn(secret)
    assert (secret in veil.over(before + secret + after)) <= (len(secret.strip()) < SHORTEST)


def test_a_piece_of_another_is_no_way_around() -> None:
    """The longer of two secrets is struck out whole."""
    veil = Veil()
    veil.learn("mark-of-a-key")
    veil.learn("mark-of-a-key-with-more")
    assert veil.over("x mark-of-a-key-with-more y mark-of-a-key z") == f"x {STRUCK} y {STRUCK} z"


def test_words_are_left_alone() -> None:
    """Values that are too short to be secrets change no text."""
    veil = Veil()
    for value in ("", "  ", "true", "a", "secret"):
        veil.learn(value)
    assert veil.over("a secret is true") == "a secret is true"


@pytest.mark.parametrize("ending", ["\n", "\r\n", " "])
def test_a_key_that_is_no_header_is_not_told(ending: str, process_veil: Veil) -> None:
    """A secret that was set from a file ends with a line break: the HTTP library repeats it, what we tell does not."""
    secret = key_of("mark of a key from a file") + ending
    process_veil.learn(secret)
    request = requests.Request("GET", "https://topic.invalid", headers={"aeg-sas-key": f" {secret}"})
    with pytest.raises(requests.exceptions.InvalidHeader) as raised:
        request.prepare()
    assert secret.strip() in str(raised.value)
    said = str(judged(ServiceRequestError(raised.value, error=raised.value), "topic"))
    assert (secret.strip() in said, STRUCK in said) == (False, True)


def test_tracebacks_of_others_are_logged_without_secrets(process_veil: Veil, caplog: pytest.LogCaptureFixture) -> None:
    """An error that nobody expected is told with its way here, and without what it holds."""
    process_veil.learn("mark-of-a-password")
    try:
        int("mark-of-a-password")
    except ValueError:
        broken(logging.getLogger("x"), "defect", row="a row")
    assert "Traceback" in caplog.text
    assert "mark-of-a-password" not in caplog.text
    assert "mark-of-a-password" not in repr([vars(each) for each in caplog.records])
    assert line("e", why="has mark-of-a-password") == 'e why="has ***"'
