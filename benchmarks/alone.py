"""Work in a process of its own, so that its memory and its processor time are nobody else's."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Done:
    """What the work gave back, and the most memory its process had (resident, in bytes)."""

    answer: dict[str, Any]
    rss: int


def alone(work: str, **arguments: object) -> Done:
    """Run `benchmarks.work.<module>:<function>`, named `module:function`; arguments and answer travel as JSON.

    A process begins with the peak of the one that started it, so the caller must stay small.
    """
    command = [sys.executable, "-m", "benchmarks.alone", work, json.dumps(arguments)]
    done = subprocess.run(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{work} ended with {done.returncode}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Done(told["answer"], told["rss"])


def peak() -> int:
    """The most memory this process had so far, in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def main(work: str, arguments: str) -> None:
    """The other side: do it, say what came of it."""
    module, _, name = work.partition(":")
    function: Callable[..., dict[str, Any]] = getattr(import_module(f"benchmarks.work.{module}"), name)
    answer = function(**json.loads(arguments))
    print(json.dumps({"answer": answer, "rss": peak()}))


if __name__ == "__main__":
    main(*sys.argv[1:])
