"""The command line of the host."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ABOUT = "Runs a Python function app (v2 model) on this machine, in place of Azure Functions Core Tools."
_EPILOG = """
Exit codes: 0 stopped by SIGTERM or SIGINT; 2 the app, host.json or settings were refused;
70 a defect of this host; 75 functionTimeout was passed (the real host restarts its worker then: start again).
With --enable-auth the keys come from the settings LOCAL_FUNCTION_KEY, LOCAL_SYSTEM_KEY (webhooks) and LOCAL_MASTER_KEY.
"""


@dataclass(frozen=True)
class Options:
    """How to run; times in seconds, None for the real host's own."""

    app: Path
    port: int
    settings: Path | None
    poll: float | None
    queue_invisibility: float
    lease_seconds: int | None
    enable_auth: bool
    grace: float
    log_file: Path | None


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """The options; ends the process with code 2 and a usage line when they are wrong."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("local.functions_host", description=_ABOUT, epilog=_EPILOG, formatter_class=layout)
    _add_arguments(parser.add_argument)
    given = vars(parser.parse_args(arguments))
    for name in ("app", "settings", "log_file"):
        # The host changes into the app folder, as the worker does.
        given[name] = given[name] and given[name].resolve()
    return Options(**given)


def _add_arguments(add: Callable[..., Any]) -> None:
    add("--app", type=Path, required=True, help="folder with host.json and function_app.py")
    add("--port", type=int, required=True, help="port of 127.0.0.1; 0 takes a free one")
    add("--settings", type=Path, help="local.settings.json (default: the app's own, if there is one)")
    text = "longest pause in seconds between two looks at a container or queue (default: 10, maxPollingInterval)"
    add("--azurite-poll", dest="poll", metavar="SECONDS", type=_positive, help=text)
    text = "how long a message stays taken when the host is killed (default: 600, as in Azure)"
    add("--queue-invisibility", metavar="SECONDS", type=_whole(2, 604800), default=600, help=text)
    text = "15 to 60: how long a killed host keeps its timers' locks (default: singleton.listenerLockPeriod, 60)"
    add("--lease-seconds", metavar="SECONDS", type=_whole(15, 60), help=text)
    add("--enable-auth", action="store_true", help="ask for keys, as Azure does")
    text = "how long running functions may go on after SIGTERM (default: 10)"
    add("--grace", metavar="SECONDS", type=_positive, default=10.0, help=text)
    add("--log-file", type=Path, help="log there as well as to standard error")


def _positive(text: str) -> float:
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}")
        return int(text)

    return parse
