"""`python -m local.stack up | down | status`: the whole ground in the foreground, and its end from another shell."""

import argparse
import os
import sys
import time
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM

from azure.core.exceptions import AzureError

from local.dockerfile import UnsupportedDockerfile
from local.lock import Busy
from local.podman import NoPodman, PodmanFailed
from local.program import NotReady
from local.signals import interrupt_on
from local.stack.announcement import announce
from local.stack.job_watch import JobWatch
from local.stack.layout import CHECKOUT, Layout
from local.stack.ports import FREE, STANDARD, PortTaken
from local.stack.running import AlreadyRunning, Running, WillNotEnd, claim, end, find, tell
from local.stack.stack import Stack

_LOOK_EVERY = 0.5
_NOT_RUNNING = 3
_TROUBLE = (
    *(AlreadyRunning, WillNotEnd, PortTaken, NotReady, Busy),
    *(UnsupportedDockerfile, NoPodman, PodmanFailed, FileNotFoundError),
)


def main() -> int:
    """The command line; the exit code is 0, 1 for an error, 3 for a status that says "not running"."""
    options = _options()
    options.folder = options.folder.resolve()
    try:
        return int(options.act(options))
    except _TROUBLE as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__)
    verbs = parser.add_subparsers(required=True)
    up = verbs.add_parser("up", help="start everything and show every change of every job until Ctrl-C")
    up.set_defaults(act=_up)
    up.add_argument("--host", choices=("local", "func", "none"), default="local", help="who runs the Function App")
    up.add_argument("--mode", choices=("keys", "identity"), default="keys", help="how the nodes come to storage")
    up.add_argument("--ports", choices=("free", "standard"), default="free", help="standard: 10000-10007 and 7071")
    up.add_argument(
        "--containers",
        choices=("folders", "podman"),
        default="folders",
        help="how tasks run: over this machine's files, or in containers of images that podman builds",
    )
    up.add_argument("--app", type=Path, default=CHECKOUT, help="the function app (default: this checkout)")
    down = verbs.add_parser("down", help="stop what `up` started, and wait until it is gone")
    down.set_defaults(act=_down)
    status = verbs.add_parser("status", help="say what runs (exit code 3: nothing)")
    status.set_defaults(act=_status)
    for verb in (up, down, status):
        verb.add_argument("--folder", type=Path, default=Path(".batchdrop"), help="default: .batchdrop")
    return parser.parse_args()


def _up(options: argparse.Namespace) -> int:
    layout = Layout(options.folder)
    ports = STANDARD if options.ports == "standard" else FREE
    interrupt_on(SIGTERM, SIGINT, SIGHUP, say=_say)
    with claim(layout.running) as claimed:
        try:
            tell(claimed, Running(os.getpid(), options.host, {}))
            _say("starting")
            app, mode, kind = options.app.resolve(), options.mode, options.containers
            with Stack(
                layout.root, host=options.host, mode=mode, containers=kind, ports=ports, app=app, say=_say
            ) as stack:
                tell(claimed, Running(os.getpid(), options.host, stack.endpoints.named()))
                print(announce(stack, options.host), flush=True)
                return _watch(stack)
        except KeyboardInterrupt:
            return 0
        finally:
            _say("stopped")


def _watch(stack: Stack) -> int:
    """Print changes until a service fails that the rest cannot do without."""
    watch = JobWatch(stack.storage)
    try:
        while True:
            trouble = stack.ended()
            if trouble:
                print(f"error: {trouble}", file=sys.stderr)
                return 1
            try:
                for line in watch.changes():
                    _say(line.text)
            except AzureError as error:
                _say(f"cannot read the status container: {error}")
            time.sleep(_LOOK_EVERY)
    finally:
        watch.close()


def _down(options: argparse.Namespace) -> int:
    pid = end(Layout(options.folder).running)
    print(f"no stack runs in {options.folder}" if pid is None else f"stopped (process {pid})")
    return 0


def _status(options: argparse.Namespace) -> int:
    running = find(Layout(options.folder).running)
    if running is None:
        print(f"no stack runs in {options.folder}")
        return _NOT_RUNNING
    print(f"running: process {running.pid}, functions host: {running.host}")
    for name, url in running.endpoints.items():
        print(f"  {name:<9}{url}")
    if not running.endpoints:
        print("  still starting")
    return 0


def _say(text: str) -> None:
    print(time.strftime("%H:%M:%S"), text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
