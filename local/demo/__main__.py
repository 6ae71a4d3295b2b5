"""`python -m local.demo`: exit code 0 when everything holds, 1 when something does not, 130 after Ctrl-C."""

import shutil
import sys
import tempfile
import time
from pathlib import Path
from signal import SIGINT, SIGTERM

from local.demo.options import Options, read_options
from local.demo.run import run
from local.demo.work import Broken
from local.program import NotReady
from local.signals import interrupt_on
from local.stack.layout import CHECKOUT


def main() -> int:
    """Run the demo in a fresh folder; the folder stays when something does not hold."""
    options = read_options()
    # So that `kill` unwinds like Ctrl-C does, and stops the stack.
    interrupt_on(SIGTERM, SIGINT, say=say)
    home = CHECKOUT / ".batchdrop" / "demo"
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{time.strftime('%H%M%S')}-", dir=home))
    code = attempt(options, folder)
    if code == 1 or options.keep:
        print(f"kept: {folder} (logs: {folder / 'stack' / 'logs'})")
    else:
        shutil.rmtree(folder)
    return code


def attempt(options: Options, folder: Path) -> int:
    """The exit code."""
    began = time.monotonic()
    try:
        holds = run(options, folder, say)
    except KeyboardInterrupt:
        say("stopped; nothing is left running")
        return 130
    except (Broken, NotReady) as error:
        say(f"NOT  {error}")
        return 1
    say(f"{'everything holds' if holds else 'something does NOT hold'}, {time.monotonic() - began:.0f} s")
    return 0 if holds else 1


def say(line: str) -> None:
    """A line for the person who watches, at once."""
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
