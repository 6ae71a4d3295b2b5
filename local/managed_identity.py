"""The managed identity endpoint of App Service and Functions: a token for any resource, to who has the header.

With IDENTITY_ENDPOINT and IDENTITY_HEADER set, an untouched DefaultAzureCredential finds it.
`python -m local.managed_identity --port N --header SECRET` serves it alone.
"""

import argparse
import hmac
import json
import time

from werkzeug import Request, Response

from local.access_tokens import IDENTITY, AccessToken
from local.serving import Serving, serve_until_ended

PATH = "/msi/token"
_LIFE = 24 * 3600
_API_VERSIONS = ("2019-08-01",)


class ManagedIdentity:
    """Answers token requests. `header` is what callers must send as X-IDENTITY-HEADER."""

    def __init__(self, header: str) -> None:
        self._header = header

    def __call__(self, request: Request) -> Response:
        """`GET /msi/token?api-version=2019-08-01&resource=URI` and nothing else."""
        if request.path != PATH or request.method != "GET":
            return _refusal(404, "NotFound", f"only GET {PATH} is served")
        if not hmac.compare_digest(request.headers.get("X-IDENTITY-HEADER", ""), self._header):
            return _refusal(401, "Unauthorized", "X-IDENTITY-HEADER is missing or wrong")
        version = request.args.get("api-version", "")
        if version not in _API_VERSIONS:
            return _refusal(400, "UnsupportedApiVersion", f"api-version {version!r} is not one of {_API_VERSIONS}")
        resource = request.args.get("resource", "")
        if not resource:
            return _refusal(400, "MissingResource", "the query parameter resource is missing")
        return _answer(resource, int(time.time()))


def _answer(resource: str, now: int) -> Response:
    token = AccessToken(audience=resource, issued=now, expires=now + _LIFE)
    body = {
        "access_token": token.encode(),
        "expires_on": str(token.expires),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": IDENTITY,
    }
    return Response(json.dumps(body), content_type="application/json")


def _refusal(status: int, code: str, message: str) -> Response:
    body = {"statusCode": status, "error": {"code": code, "message": message}}
    return Response(json.dumps(body), status=status, content_type="application/json")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.managed_identity", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--header", required=True, help="the value callers send as X-IDENTITY-HEADER")
    options = parser.parse_args()
    serving = Serving(ManagedIdentity(options.header), port=options.port)
    serve_until_ended(serving, f"managed identity ready: {serving.url}{PATH}")


if __name__ == "__main__":
    main()
