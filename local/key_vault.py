"""A Key Vault for secrets over https: the real `SecretClient` with an untouched `DefaultAzureCredential` works.

The client sends tokens only to a vault whose challenge names a resource of the vault's own domain, compared by its
end. An address has no domain, so the challenge of `https://127.0.0.1:PORT` names `https://0.0.1:PORT`.
`python -m local.key_vault --port N --folder DIR [--secret NAME=VALUE]` serves it alone.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from local.access_tokens import TENANT, BadToken, check_bearer
from local.certificates import ensure_certificate
from local.secret_store import SecretStore, VaultRefusal
from local.secret_wire import as_deleted, as_item, as_secret, read_details, read_value
from local.serving import Serving, serve_until_ended

_ROUTES = Map(
    [
        Rule("/secrets", methods=["GET"], endpoint="list"),
        Rule("/secrets/<name>", methods=["PUT"], endpoint="set"),
        Rule("/secrets/<name>", methods=["GET"], endpoint="get", defaults={"version": ""}),
        Rule("/secrets/<name>/", methods=["GET"], endpoint="get", defaults={"version": ""}),
        Rule("/secrets/<name>", methods=["DELETE"], endpoint="delete"),
        Rule("/secrets/<name>/versions", methods=["GET"], endpoint="versions"),
        Rule("/secrets/<name>/<version>", methods=["GET"], endpoint="get"),
        Rule("/secrets/<name>/<version>", methods=["PATCH"], endpoint="update"),
        Rule("/secrets/<name>/", methods=["PATCH"], endpoint="update", defaults={"version": ""}),
        Rule("/deletedsecrets", methods=["GET"], endpoint="list_deleted"),
        Rule("/deletedsecrets/<name>", methods=["GET"], endpoint="get_deleted"),
        Rule("/deletedsecrets/<name>", methods=["DELETE"], endpoint="purge"),
        Rule("/deletedsecrets/<name>/recover", methods=["POST"], endpoint="recover"),
    ],
    strict_slashes=True,
    redirect_defaults=False,
    merge_slashes=False,
)
_PAGE = 25


class KeyVault:
    """Answers the secrets protocol from a SecretStore."""

    def __init__(self, store: SecretStore, clock: Callable[[], float] = time.time) -> None:
        self.store = store
        self._clock = clock

    def __call__(self, request: Request) -> Response:
        """Authenticate, route, answer; every refusal in the service's own words."""
        resource = f"https://{request.host.removeprefix('127.')}"
        try:
            check_bearer(request.headers.get("Authorization", ""), resource, int(self._clock()))
        except BadToken as error:
            return _challenge(resource, str(error))
        try:
            return self._answer(request)
        except VaultRefusal as refusal:
            return _refusal(refusal)
        except HTTPException as error:
            what = f"{request.method} {request.path} is not served by the local Key Vault"
            return _refusal(VaultRefusal(error.code or 500, "NotSupported", what))

    def _answer(self, request: Request) -> Response:
        if not request.args.get("api-version"):
            raise VaultRefusal(400, "BadParameter", "The query parameter api-version is missing.")
        operation, arguments = _ROUTES.bind_to_environ(request.environ).match()
        answer: Response = getattr(self, f"_{operation}")(request, **arguments)
        return answer

    def _set(self, request: Request, name: str) -> Response:
        body = _body(request)
        return _json(as_secret(_vault(request), self.store.set(name, read_value(body), read_details(body))))

    def _get(self, request: Request, name: str, version: str) -> Response:
        return _json(as_secret(_vault(request), self.store.get(name, version)))

    def _update(self, request: Request, name: str, version: str) -> Response:
        body = _body(request)
        changed = self.store.update(name, version, lambda old: read_details(body, old))
        return _json(as_item(_vault(request), changed, with_version=True))

    def _delete(self, request: Request, name: str) -> Response:
        return _json(as_deleted(_vault(request), self.store.delete(name)))

    def _list(self, request: Request) -> Response:
        return _page(request, [as_item(_vault(request), each) for each in self.store.latest()])

    def _versions(self, request: Request, name: str) -> Response:
        vault = _vault(request)
        return _page(request, [as_item(vault, each, with_version=True) for each in self.store.versions(name)])

    def _list_deleted(self, request: Request) -> Response:
        return _page(request, [as_deleted(_vault(request), each) for each in self.store.all_deleted()])

    def _get_deleted(self, request: Request, name: str) -> Response:
        return _json(as_deleted(_vault(request), self.store.get_deleted(name)))

    def _purge(self, request: Request, name: str) -> Response:
        self.store.purge(name)
        return Response(status=204)

    def _recover(self, request: Request, name: str) -> Response:
        return _json(as_item(_vault(request), self.store.recover(name), with_version=True))


def _vault(request: Request) -> str:
    return f"https://{request.host}"


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.get_data())
    except ValueError as error:
        raise VaultRefusal(400, "BadParameter", "The request body is no JSON.") from error
    if not isinstance(body, dict):
        raise VaultRefusal(400, "BadParameter", "The request body is no JSON object.")
    return body


def _page(request: Request, items: Sequence[dict[str, Any]]) -> Response:
    """One page; `maxresults` and `$skiptoken` as in the service, the token being a position."""
    size = request.args.get("maxresults", _PAGE, type=int)
    start = request.args.get("$skiptoken", 0, type=int)
    end = start + size
    version = request.args["api-version"]
    next_link = f"{_vault(request)}{request.path}?api-version={version}&$skiptoken={end}&maxresults={size}"
    return _json({"value": items[start:end], "nextLink": next_link if end < len(items) else None})


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body), status=status, content_type="application/json; charset=utf-8")


def _refusal(refusal: VaultRefusal) -> Response:
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.inner:
        error["innererror"] = {"code": refusal.inner}
    return _json({"error": error}, refusal.status)


def _challenge(resource: str, why: str) -> Response:
    answer = _refusal(VaultRefusal(401, "Unauthorized", f"AKV10000: {why}."))
    authority = f"https://login.microsoftonline.com/{TENANT}"
    answer.headers["WWW-Authenticate"] = f'Bearer authorization="{authority}", resource="{resource}"'
    return answer


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.key_vault", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--folder", type=Path, required=True, help="where the certificate is kept")
    parser.add_argument("--secret", action="append", default=[], metavar="NAME=VALUE", help="set at the start")
    options = parser.parse_args()
    store = SecretStore()
    for each in options.secret:
        name, _, value = each.partition("=")
        store.set(name, value)
    certificate = ensure_certificate(options.folder)
    serving = Serving(KeyVault(store), port=options.port, certificate=certificate)
    serve_until_ended(serving, f"key vault ready: {serving.url} (REQUESTS_CA_BUNDLE={certificate.bundle})")


if __name__ == "__main__":
    main()
