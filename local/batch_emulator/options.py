"""The program's options, checked while they are read."""

import argparse
import base64
import re
from pathlib import Path

from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from local.batch_emulator.failures import BatchError
from local.batch_emulator.script import Step, read_script
from local.batch_emulator.world import Quota

_QUOTAS = {"pools": "pools", "jobs": "jobs", "dedicated": "dedicated", "lowPriority": "low_priority"}
_DESCRIPTION = """\
A local Azure Batch account: the REST API and the pools of Azure Resource Manager on 127.0.0.1, with real processes or
containers behind the tasks. When it is ready it prints one line: its address, its account, how tasks run. Give clients
that address as the account's URL. It ends by Ctrl-C or SIGTERM, with every task; what it knew is gone then."""
_EPILOG = """\
environment:
  BATCH_EMULATOR_RUNNER  how tasks run: podman, docker, unshare, bwrap or process (default: the first that works)
  BATCH_EMULATOR_MOUNTS  how containers of blobs are mounted: rclone or synchronised (default: the first that works)

All of it is told in local/batch_emulator/README.md."""


def parser() -> argparse.ArgumentParser:
    """The parser of the command line; its help tells all a stranger needs to begin."""
    made = argparse.ArgumentParser(
        prog="python -m local.batch_emulator",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--coverage", action="store_true", help="print what is built and what answers 501, and end")
    _add_address(made)
    _add_nodes(made)
    _add_trouble(made)
    return made


def read_options(arguments: list[str] | None) -> argparse.Namespace:
    """The options. Ends the program with a sentence where they cannot be followed."""
    made = parser()
    options = made.parse_args(arguments)
    secure = options.https or options.https_port is not None
    if secure != bool(options.cert and options.certkey) or (options.https and options.https_port is not None):
        made.error("--cert and --certkey go together with one of --https and --https-port")
    return options


def _add_address(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("address and account")
    group.add_argument("--port", metavar="N", type=_port, default=0, help="port on 127.0.0.1 (default: a free one)")
    group.add_argument(
        "--account", metavar="A", type=_account, default=DEVELOPMENT_ACCOUNT, help="default: %(default)s"
    )
    group.add_argument(
        "--key", metavar="K", type=_key, default=DEVELOPMENT_KEY, help="base64; default: a published key"
    )
    group.add_argument("--https", action="store_true", help="TLS on --port; needs --cert and --certkey")
    group.add_argument("--https-port", metavar="N", type=_port, help="TLS on a second port; --port stays plain http")
    group.add_argument("--cert", metavar="FILE", type=_file, help="PEM certificate chain")
    group.add_argument("--certkey", metavar="FILE", type=_file, help="PEM private key")
    group.add_argument("--admin", action="store_true", help="serve the admin API: faults, the clock, the state")


def _add_nodes(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("nodes")
    group.add_argument("--images", metavar="FILE", type=Path, help="JSON: images by folders, for want of an engine's")
    group.add_argument("--data", metavar="DIR", type=Path, help="the nodes' folders (default: a temporary one)")
    group.add_argument(
        *("--storage",), metavar="CONNECTION_STRING", type=_storage, action="append", default=[],
        help="a storage account that mounts and identities reach; may be given again",
    )  # fmt: skip
    group.add_argument(
        "--boot-seconds", metavar="S", type=_seconds, default=2.0, help="how long a node boots (default: %(default)g)"
    )
    group.add_argument("--quota", type=_quota, default=Quota(), help="pools=N,jobs=N,dedicated=N,lowPriority=N")


def _add_trouble(made: argparse.ArgumentParser) -> None:
    group = made.add_argument_group("trouble")
    group.add_argument("--script", metavar="FILE", type=_script, default=[], help="YAML: what goes wrong by itself")
    group.add_argument(
        "--latency", metavar="S", type=_seconds, default=0.0, help="how long each request waits (default: %(default)g)"
    )
    group.add_argument(
        *("--wall-clock-exit",), metavar="N", type=_exit_code, default=137,
        help="exit code of a task killed by its maxWallClockTime, or none (default: %(default)s)",
    )  # fmt: skip
    group.add_argument("--wall-clock-retries", action="store_true", help="repeat such a task as after a nonzero exit")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 (a free one) to 65535")
    return int(text)


def _account(text: str) -> str:
    if not re.fullmatch("[a-z0-9]{3,24}", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no account's name: 3 to 24 lower-case letters and digits")
    return text


def _key(text: str) -> str:
    try:
        decoded = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"the key is not base64: {error}") from error
    if not decoded:
        raise argparse.ArgumentTypeError("the key is empty")
    return text


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}")
    return Path(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return seconds


def _storage(text: str) -> str:
    # Imported here: the options must be known where no runner can work.
    from local.batch_emulator.runner.mounts.stores import Stores

    try:
        Stores([text])
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _quota(text: str) -> Quota:
    quota = Quota()
    for pair in filter(None, text.split(",")):
        name, _, value = pair.partition("=")
        if name not in _QUOTAS or not value.isdecimal():
            raise argparse.ArgumentTypeError(f"{pair!r} is not one of {', '.join(_QUOTAS)} with a number")
        setattr(quota, _QUOTAS[name], int(value))
    return quota


def _script(file: str) -> list[Step]:
    try:
        return read_script(Path(file).read_text(encoding="utf-8"))
    except (OSError, BatchError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _exit_code(text: str) -> int | None:
    if text == "none":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 255:
        raise argparse.ArgumentTypeError(f"{text!r} is neither a number from 1 to 255 nor none")
    return int(text)
