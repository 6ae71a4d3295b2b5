"""An Event Grid topic: takes events from who has its key, and forwards them to webhooks until they have them.

`python -m local.event_grid --port N --key KEY --subscription NAME=URL ...` serves it alone.
"""

import argparse
import hmac
import json
import re
from collections.abc import Sequence

from werkzeug import Request, Response

from local.event_schemas import BadBatch, read_batch
from local.event_subscription import DeliveryRules, Subscription
from local.serving import Serving, serve_until_ended
from local.webhook import Webhook

_API_VERSION = re.compile(r"20\d\d-\d\d-\d\d(-preview)?")


class EventGridTopic:
    """Answers `POST /topics/NAME/api/events?api-version=2018-01-01`. Its subscriptions run from `start` to `stop`."""

    def __init__(self, name: str, key: str, webhooks: Sequence[Webhook], rules: DeliveryRules | None = None) -> None:
        self.path = f"/topics/{name}/api/events"
        self._topic = f"/subscriptions/local/resourceGroups/local/providers/Microsoft.EventGrid/topics/{name}"
        self._key = key
        self.subscriptions = [Subscription(each, self._topic, rules or DeliveryRules()) for each in webhooks]

    def start(self) -> None:
        """Begin to deliver."""
        for subscription in self.subscriptions:
            subscription.start()

    def stop(self) -> None:
        """End delivering."""
        for subscription in self.subscriptions:
            subscription.stop()

    def __call__(self, request: Request) -> Response:
        """Take a batch: 200 when every event is in line for every subscription."""
        if request.path != self.path or request.method != "POST":
            return _refusal(404, f"only POST {self.path} is served")
        if not _API_VERSION.fullmatch(request.args.get("api-version", "")):
            return _refusal(400, "the query parameter api-version is missing or no date")
        if not hmac.compare_digest(request.headers.get("aeg-sas-key", ""), self._key):
            return _refusal(401, _why_unauthorized(request))
        return self._take(request)

    def _take(self, request: Request) -> Response:
        try:
            batch = read_batch(request.headers.get("Content-Type", ""), request.get_data(), self._topic)
        except BadBatch as error:
            return _refusal(error.status, str(error))
        for subscription in self.subscriptions:
            subscription.add(batch)
        return Response(status=200)


def _why_unauthorized(request: Request) -> str:
    for header in ("aeg-sas-token", "Authorization"):
        if header in request.headers:
            return f"the local topic takes the header aeg-sas-key only, not {header}"
    return "the header aeg-sas-key is missing or wrong"


def _refusal(status: int, message: str) -> Response:
    codes = {400: "BadRequest", 401: "Unauthorized", 404: "NotFound", 413: "PayloadTooLarge"}
    error = {"code": codes.get(status, "BadRequest"), "message": message}
    return Response(json.dumps({"error": error}), status=status, content_type="application/json")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.event_grid", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--topic", default="batchdrop", help="the topic's name (default: batchdrop)")
    parser.add_argument("--key", required=True, help="what publishers send as aeg-sas-key")
    parser.add_argument("--subscription", action="append", default=[], metavar="NAME=URL", help="a webhook")
    options = parser.parse_args()
    webhooks = [Webhook(*each.partition("=")[::2]) for each in options.subscription]
    topic = EventGridTopic(options.topic, options.key, webhooks)
    serving = Serving(topic, port=options.port)
    topic.start()
    serve_until_ended(serving, f"event grid ready: {serving.url}{topic.path}")
    topic.stop()


if __name__ == "__main__":
    main()
