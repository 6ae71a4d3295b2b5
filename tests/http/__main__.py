"""`python -m tests.http`: what is published of our HTTP, asked at length of a Functions host with keys over storage.

One line for each operation and answer; the last line is the same as one JSON object. Exit code 1: an answer was not as
published; the request that showed it is printed as a curl command.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import schemathesis

from controller.caller import WRITES
from tests.crash.table import show
from tests.http.asking import NO_GUARD, UNASKED, Told, ask_all
from tests.http.principals import caller
from tests.http.real import ENTRA, Storage, real_host, storage_with_jobs
from tests.http.site import AUTHORISED

HEAD = ("way in", "method", "path", "status", "answers")


def main(words: Sequence[str]) -> int:
    """0 when every answer was as published."""
    parser = argparse.ArgumentParser(prog="python -m tests.http", description=__doc__)
    parser.add_argument("--examples", type=int, default=100, help="right, and wrong, requests of each operation")
    examples = parser.parse_args(words).examples
    began = time.monotonic()
    with TemporaryDirectory() as folder, storage_with_jobs(Path(folder, "storage")) as storage:
        told = {way: asked(storage, Path(folder, way), way, examples) for way in ("key", "entra")}
    rows = [[way, *answer, count] for way, found in told.items() for answer, count in sorted(found.items())]
    statuses = Counter[str]()
    for row in rows:
        statuses[str(row[3])] += row[4]
    total = {"answers": statuses.total(), "statuses": dict(statuses), "seconds": round(time.monotonic() - began, 1)}
    show(HEAD, rows, total)
    return 0


def asked(storage: Storage, folder: Path, way: str, examples: int) -> Told:
    entra = way == "entra"
    headers = caller(WRITES) if entra else AUTHORISED
    with real_host(storage, folder, ENTRA if entra else {}) as host:
        api = schemathesis.openapi.from_url(f"{host.url}/api/openapi.json", headers=headers)
        return ask_all(api, headers, examples, list(host.jobs.values()), NO_GUARD if entra else UNASKED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
