"""The function app behind the local host's own routes and keys, in this process, over a world in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.test import Client

from controller import wiring
from local.functions_host.admin import Admin
from local.functions_host.http_trigger import Endpoint, HttpTriggers
from local.functions_host.indexing import load_functions
from local.functions_host.invoker import Invoker
from local.functions_host.keys import Keys
from local.functions_host.settings import Settings
from local.functions_host.site import Site
from tests.loop.ground import Ground

ROOT = Path(__file__).resolve().parents[2]
KEY, SYSTEM_KEY, MASTER_KEY = "the-function-key", "the-system-key", "the-master-key"
SETTINGS = {
    "LOCAL_FUNCTION_KEY": KEY,
    "LOCAL_SYSTEM_KEY": SYSTEM_KEY,
    "LOCAL_MASTER_KEY": MASTER_KEY,
    "BATCHDROP_TICK": "*/30 * * * * *",
    "BATCHDROP_SWEEP": "0 */5 * * * *",
    "BATCHDROP_REAP": "0 0 * * * *",
}
AUTHORISED = {"x-functions-key": KEY}


class NoOutputs:
    """HTTP functions write nothing but their answer."""

    def write(self, binding: Any, datum: Any, data: Any) -> None:
        raise AssertionError(f"{binding} is written to")


@contextmanager
def site_of(ground: Ground) -> Iterator[Site]:
    """The host's site, asking for keys, over the ports of `ground`."""
    sys.modules.pop("function_app", None)
    path = list(sys.path)
    wiring.WORKER.app = wiring.App(ground.world.ports, ground.deployment)
    settings, outputs = Settings(SETTINGS), NoOutputs()
    invoker = Invoker(outputs, 2, None, lambda text: None)  # type: ignore[arg-type] # only its one method is asked
    invoker.open()
    functions = [each for each in load_functions(ROOT, settings, None) if each.trigger.type == "httpTrigger"]
    keys = Keys(settings, True)
    http = HttpTriggers([Endpoint.of(each, "api") for each in functions], keys, invoker)
    try:
        yield Site(http, {}, Admin("test", {}, {}, invoker), keys)
    finally:
        invoker.close()
        wiring.WORKER.app = None
        sys.path[:] = path
        sys.modules.pop("function_app", None)


def client_of(site: Site) -> Client:
    return Client(site)
