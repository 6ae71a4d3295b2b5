"""What the SDK signed is what goes out."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure.core.rest import HttpRequest
from werkzeug import Request, Response

from local.serving import serve
from shared.azure.transport import network


def test_a_netrc_of_the_machine_replaces_no_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a password for any host in it, each signed request would be refused."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    heard = list[str | None]()

    def answer(request: Request) -> Response:
        heard.append(request.headers.get("Authorization"))
        return Response()

    with serve(answer) as server, network() as transport:
        transport.send(HttpRequest("GET", server.url, headers={"Authorization": "SharedKey a:b"}))
    assert heard == ["SharedKey a:b"]
