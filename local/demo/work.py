"""The work of the demo: the word count example, its text, its manifest, and the same count by one plain process."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from local.demo.ground import Ground
from local.stack.layout import CHECKOUT

EXAMPLE = CHECKOUT / "examples" / "wordcount"
MANIFEST = "wordcount.yaml"
"""Its path in the drop box."""


class Broken(Exception):
    """The demo itself, or the ground it stands on, does not work."""


def make_text(target: Path, size: int) -> None:
    """Write the text to be counted, `size` MiB."""
    _python(EXAMPLE / "make_input.py", "-o", target, "--size", size)


def drop(ground: Ground, text: Path) -> None:
    """Upload the text, then the example's manifest as it is."""
    manifest = (EXAMPLE / "manifest.yaml").read_bytes()
    ground.upload(yaml.safe_load(manifest)["input"]["blob"], text)
    ground.upload(f"jobs/{MANIFEST}", manifest, "application/yaml")


def cancel(ground: Ground) -> None:
    """Ask for the end of the job, as a user would: by a file."""
    ground.upload(f"jobs/{MANIFEST}.cancel", b"")


def count_alone(text: Path, folder: Path) -> bytes:
    """What the example's program makes of the whole text, in one process on this machine."""
    config, result = folder / "alone.json", folder / "alone.csv"
    config.write_text(json.dumps(yaml.safe_load((EXAMPLE / "manifest.yaml").read_bytes())["config"]))
    _python(EXAMPLE / "wordcount.py", "-i", text, "-o", result, "-c", config)
    return result.read_bytes()


def _python(*arguments: object) -> None:
    done = subprocess.run(
        [sys.executable, *(str(argument) for argument in arguments)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Broken(f"{arguments[0]} ended with {done.returncode}: {done.stderr.strip()}")
