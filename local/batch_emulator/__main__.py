"""`python -m local.batch_emulator`: serve one emulated Batch account until SIGTERM or SIGINT."""

import argparse
import gc
import sys
import tempfile
from pathlib import Path
from signal import SIGINT, SIGTERM
from typing import TYPE_CHECKING

from local.batch_emulator.clock import RealClock
from local.batch_emulator.coverage import coverage
from local.batch_emulator.emulator import Emulator
from local.batch_emulator.options import read_options
from local.batch_emulator.server import EmulatorServer
from local.batch_emulator.world import Settings
from local.signals import Ended

if TYPE_CHECKING:
    from local.batch_emulator.runner.node_execution import NodeExecution

SELDOM = (50_000, 20, 100)
"""Tasks by the hundred thousand are plain data that stays: to look among them for cycles took as long as all else."""


def main(arguments: list[str] | None = None) -> int:
    """Run the program; give its exit code: 0, or 1 after a sentence that says why it cannot run here."""
    options = read_options(arguments)
    if options.coverage:
        print(coverage(), end="")
        return 0
    # Imported here: what the service is built of must stay readable (--coverage) where no runner can work.
    from local.batch_emulator.runner import NoRunner
    from local.batch_emulator.runner.mounts.choice import NoMounter

    try:
        if options.data:
            _serve(options, options.data)
        else:
            with tempfile.TemporaryDirectory(prefix="batch-emulator-") as folder:
                _serve(options, Path(folder))
    except (NoRunner, NoMounter, OSError) as error:
        print(f"batch emulator: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(options: argparse.Namespace, data: Path) -> None:
    gc.set_threshold(*SELDOM)
    execution = _execution(options, data)
    emulator = Emulator(
        options.account, options.key, execution, RealClock(),
        settings=_settings(options, data), quota=options.quota, admin=options.admin, script=options.script,
    )  # fmt: skip
    ended = Ended[None]()
    ended.on(None, SIGTERM, SIGINT)
    with _server(options, emulator) as server:
        also = f" https={server.secure_url}" if options.https_port is not None else ""
        means = f"account={options.account} runner={execution.name} mounts={execution.mounts}{also}"
        print(f"batch emulator ready: {server.url} {means}", flush=True)
        ended.wait()


def _execution(options: argparse.Namespace, data: Path) -> "NodeExecution":
    from local.batch_emulator.runner import choose_execution
    from local.batch_emulator.runner.mounts.stores import Stores

    data.mkdir(parents=True, exist_ok=True)
    return choose_execution(options.images, data, stores=Stores(options.storage))


def _server(options: argparse.Namespace, emulator: Emulator) -> EmulatorServer:
    certificate = (options.cert, options.certkey) if options.cert else None
    try:
        return EmulatorServer(
            emulator,
            port=options.port,
            certificate=certificate,
            secure_port=options.https_port,
            latency=options.latency,
        )
    except OSError:
        emulator.close()
        raise


def _settings(options: argparse.Namespace, data: Path) -> Settings:
    return Settings(
        data,
        boot_seconds=options.boot_seconds,
        wall_clock_retries=options.wall_clock_retries,
        wall_clock_exit=options.wall_clock_exit,
    )


if __name__ == "__main__":
    sys.exit(main())
