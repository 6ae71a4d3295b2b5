"""`python -m local.functions_host --app DIR --port N`: run a function app until SIGTERM or SIGINT."""

import logging
import os
import signal
import sys

from azure.core.exceptions import AzureError

from local.functions_host.assembly import assemble
from local.functions_host.errors import Refused
from local.functions_host.host import Ending
from local.functions_host.options import parse_options

REFUSED = 2


def main() -> int:
    """The exit code; see `--help`."""
    options = parse_options()
    ending = Ending()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.stopped())
    if not options.app.is_dir():
        print(f"functions host: --app {options.app} is no folder", file=sys.stderr)
        return REFUSED
    os.chdir(options.app)
    try:
        host = assemble(options, ending.timed_out)
    except Refused as refusal:
        print(f"functions host: {refusal}", file=sys.stderr)
        return REFUSED
    except AzureError as error:
        print(f"functions host: storage does not answer: {error}", file=sys.stderr)
        return REFUSED
    host.start(ending)
    print(f"functions host ready: {host.url} functions={len(host.functions)}", flush=True)
    code = ending.wait()
    host.stop(options.grace, code)
    return code


if __name__ == "__main__":
    exit_code = main()
    logging.shutdown()
    sys.stdout.flush()
    # A function that outlived the grace holds a thread that a normal exit would wait for.
    os._exit(exit_code)
