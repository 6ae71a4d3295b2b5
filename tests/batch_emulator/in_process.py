"""The emulator without a socket: signed requests straight into its WSGI application."""

import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from werkzeug.test import Client, TestResponse

from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.protocol.signature import candidates, sign

QUERY = "api-version=2025-06-01"


class InProcess:
    """Sends requests to an emulator in this process."""

    def __init__(self, emulator: Emulator) -> None:
        self._client = Client(emulator.app)

    def send(self, method: str, path: str, body: Any = None) -> TestResponse:
        """Send one request, signed; give the answer whatever its status."""
        headers = {"ocp-date": format_datetime(datetime.now(UTC), usegmt=True)}
        content = b"" if body is None else json.dumps(body).encode()
        if content:
            headers |= {"Content-Type": "application/json; odata=minimalmetadata", "Content-Length": str(len(content))}
        text = next(iter(candidates(method, path, QUERY, headers, DEVELOPMENT_ACCOUNT)))
        headers["Authorization"] = f"SharedKey {DEVELOPMENT_ACCOUNT}:{sign(text, DEVELOPMENT_KEY)}"
        return self._client.open(f"{path}?{QUERY}", method=method, headers=headers, data=content)
