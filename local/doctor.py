"""`python -m local.doctor`: reads the settings and the account they name, and says what will not last.

Settings come from the environment, or with `--settings FILE` from a local.settings.json. Nothing is written. Exit code
0: all is well; 1: something ends within 180 days or deserves a look; 2: the settings or the account cannot be read.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from controller.vm_image import pick_image
from controller.wiring import make_deployment, make_ports, within
from shared.errors import BatchdropError
from shared.http_auth import HttpAuth
from shared.policy import Policy
from shared.ports import ImageSeen, Ports, Quotas
from shared.retirement import CHECKED, OLDEST_API, SOON, image_ends, is_near, size_ending, worded
from shared.settings import Settings, read_settings

_SECONDS = 60


@dataclass(frozen=True)
class Finding:
    """One line; `wrong` when the operator should do something."""

    wrong: bool
    text: str

    def line(self) -> str:
        return f"{'look' if self.wrong else 'ok  '}  {self.text}"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m local.doctor", description=__doc__)
    parser.add_argument("--settings", type=Path, help="a local.settings.json (default: the environment)")
    options = parser.parse_args()
    try:
        if options.settings:
            os.environ.update(json.loads(options.settings.read_text(encoding="utf-8-sig"))["Values"])
        with within(_SECONDS):
            findings = list(examine(read_settings()))
    except (BatchdropError, OSError, ValueError, KeyError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for finding in findings:
        print(finding.line())
    return 1 if any(finding.wrong for finding in findings) else 0


def examine(settings: Settings) -> Iterator[Finding]:
    """Everything there is to say, in the order of asking."""
    ports = make_ports(settings)
    today = ports.clock.now().date()
    yield Finding(False, f"settings: {'identity' if settings.identity else 'keys'} mode")
    yield from of_accounts(settings)
    yield of_http(settings.http)
    yield from of_table(today)
    yield from of_images(ports)
    yield from of_quotas(ports.batch.quotas())
    policy = make_deployment(settings, ports).policy()
    yield from of_sizes(policy, today)
    yield of_api()


def of_accounts(settings: Settings) -> Iterator[Finding]:
    """Control and work should be two accounts: nodes have rights on the work account."""
    if settings.control.name == settings.work.name:
        text = f"one storage account, {settings.control.name}, is control and work: whoever may write there may do both"
        yield Finding(True, text)


def of_http(auth: HttpAuth) -> Finding:
    """Who may call the HTTP functions. Outside of the app nobody is told whether its authentication is on."""
    if not auth.entra:
        return Finding(False, "HTTP: by function key")
    known = "on" if auth.guarded else "not known here: the functions answer 503 while it is off"
    return Finding(False, f"HTTP: by roles in Entra; App Service Authentication: {known}")


def of_table(today: date) -> Iterator[Finding]:
    """The table of shared/retirement.py is only as good as its date."""
    old = today - CHECKED > SOON
    yield Finding(
        old, f"announcements known here: as of {CHECKED}" + (", a newer version may know more" if old else "")
    )


def of_images(ports: Ports) -> Iterator[Finding]:
    """The image that jobs get when they name none, on machines without Arm processors."""
    now = ports.clock.now()
    image = pick_image(ports.batch.images(), "", None, now)
    ends = image_ends(image.node_agent, image.ends)
    said = f"support by Batch {worded(ends, now.date())}" if ends else "no end of its support is named"
    yield Finding(ends is not None and is_near(ends, now.date()), f"image {name_of(image)}: {said}")


def of_quotas(found: Quotas | None) -> Iterator[Finding]:
    """What the account may hold. A new account may hold nothing at all."""
    if found is None:
        yield Finding(False, "quotas: they can be read in identity mode only, through Azure Resource Manager")
        return
    limits = {
        "pools": found.pools,
        "active jobs": found.jobs,
        "dedicated cores": found.dedicated_cores,
        "spot cores": found.spot_cores,
    }
    for what, limit in limits.items():
        if limit is not None:
            yield Finding(limit == 0, f"quota of {what}: {limit}" + (": ask Azure for more" if limit == 0 else ""))


def name_of(image: ImageSeen) -> str:
    return f"{image.publisher}:{image.offer}:{image.sku}"


def of_sizes(policy: Policy, today: date) -> Iterator[Finding]:
    """Every VM size that the policy names."""
    if not policy.vm_sizes:
        yield Finding(True, "policy: it names no VM size, so no job can run")
    for vm_size in sorted(policy.vm_sizes):
        row = size_ending(vm_size)
        said = f"the {row.what} {worded(row.ends, today)}; use {row.instead}" if row else "no end is announced"
        yield Finding(row is not None and is_near(row.ends, today), f"VM size {vm_size}: {said}")


def of_api() -> Finding:
    """The version of Batch's API that the installed SDK speaks."""
    from azure.batch import BatchClient
    from azure.core.credentials import AzureNamedKeyCredential

    with BatchClient("https://nowhere.invalid", AzureNamedKeyCredential("none", "bm9uZQ==")) as client:
        version = str(client._config.api_version)
    old = version < OLDEST_API
    said = f"versions before {OLDEST_API} are announced to end" if old else "no end is announced"
    return Finding(old, f"Batch API {version}: {said}")


if __name__ == "__main__":
    sys.exit(main())
