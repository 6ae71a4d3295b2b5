"""`python -m local.batch_emulator`: serve one emulated Batch account until SIGTERM or SIGINT."""

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path

from local.batch_emulator.clock import RealClock
from local.batch_emulator.coverage import coverage
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.failures import BatchError
from local.batch_emulator.script import Step, read_script
from local.batch_emulator.server import EmulatorServer
from local.batch_emulator.world import Quota, Settings

_QUOTAS = {"pools": "pools", "jobs": "jobs", "dedicated": "dedicated", "lowPriority": "low_priority"}


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


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.batch_emulator", description="An emulator of Azure Batch.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--account", default=DEVELOPMENT_ACCOUNT, help="account name (default: %(default)s)")
    parser.add_argument("--key", default=DEVELOPMENT_KEY, help="base64 account key (default: the development key)")
    parser.add_argument("--https", action="store_true", help="serve TLS; needs --cert and --certkey")
    parser.add_argument("--cert", type=Path, help="PEM certificate chain")
    parser.add_argument("--certkey", type=Path, help="PEM private key")
    parser.add_argument("--images", type=Path, help="JSON file: image name -> root, entrypoint, cmd, env, workdir")
    parser.add_argument("--data", type=Path, help="folder for the nodes' files (default: a temporary one)")
    parser.add_argument("--boot-seconds", type=float, default=2.0, help="how long a node boots (default: %(default)s)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds each request waits (default: %(default)s)")
    parser.add_argument("--quota", type=_quota, default=Quota(), help="pools=..,jobs=..,dedicated=..,lowPriority=..")
    parser.add_argument("--admin", action="store_true", help="serve the admin API under /_admin")
    parser.add_argument("--https-port", type=int, help="a second port, with TLS; the first one stays plain http")
    parser.add_argument("--script", type=_script, default=[], help="YAML file of what is to happen by itself")
    parser.add_argument(
        "--storage",
        action="append",
        default=[],
        help="connection string of a storage account that mounts and identities reach; may be given again",
    )
    parser.add_argument(
        "--wall-clock-exit",
        type=_exit_code,
        default=137,
        help="exit code of a task killed by its maxWallClockTime, or none (default: %(default)s)",
    )
    parser.add_argument("--coverage", action="store_true", help="print what is built and what answers 501, and end")
    parser.add_argument(
        "--wall-clock-retries",
        action="store_true",
        help="repeat a task killed by its maxWallClockTime as after a nonzero exit",
    )
    return parser


def _serve(options: argparse.Namespace, data: Path) -> None:
    # Imported here: what the service is built of must stay readable (--coverage) where no runner can work.
    from local.batch_emulator.runner import choose_execution
    from local.batch_emulator.runner.mounts.stores import Stores

    certificate = (options.cert, options.certkey) if options.cert else None
    data.mkdir(parents=True, exist_ok=True)
    execution = choose_execution(options.images, data, stores=Stores(options.storage))
    emulator = Emulator(
        options.account, options.key, execution, RealClock(),
        settings=_settings(options, data), quota=options.quota, admin=options.admin, script=options.script,
    )  # fmt: skip
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    served = EmulatorServer(
        emulator, port=options.port, certificate=certificate, secure_port=options.https_port, latency=options.latency
    )
    with served as server:
        also = f" https={server.secure_url}" if options.https_port is not None else ""
        means = f"account={options.account} runner={execution.name} mounts={execution.mounts}{also}"
        print(f"batch emulator ready: {server.url} {means}", flush=True)
        ended.wait()


def _settings(options: argparse.Namespace, data: Path) -> Settings:
    return Settings(
        data,
        boot_seconds=options.boot_seconds,
        wall_clock_retries=options.wall_clock_retries,
        wall_clock_exit=options.wall_clock_exit,
    )


def main(arguments: list[str] | None = None) -> int:
    """Run the program; give its exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.coverage:
        print(coverage(), end="")
        return 0
    secure = options.https or options.https_port is not None
    if secure != bool(options.cert and options.certkey) or (options.https and options.https_port is not None):
        parser.error("--cert and --certkey go together with one of --https and --https-port")
    if options.data:
        _serve(options, options.data)
        return 0
    with tempfile.TemporaryDirectory(prefix="batch-emulator-") as folder:
        _serve(options, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
