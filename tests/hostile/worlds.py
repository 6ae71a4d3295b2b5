"""The jobs that live through bad weather: those of the crash matrix that end by themselves, and some more."""

from __future__ import annotations

from collections.abc import Mapping

from tests.crash.jobs import JOBS, NUMBERS, Reference
from tests.loop.ground import Container

SECRET = NUMBERS.replace('"localhost/demo:1"', '"localhost/demo:1", secrets: {PASSWORD: task-password}')
RECOMBINED = (
    NUMBERS
    + """
merge:
  by: container
  container: {image: "localhost/sum:1", args: [$(INPUT_DIR)]}
"""
)


def whisper(container: Container) -> int:
    """Each task tells how long its password is."""
    container.write(b"%d\n" % len(container.env["PASSWORD"]))
    return 0


def add_up(container: Container) -> int:
    """Numbers from the tasks, their sum from the recombiner."""
    first = container.args[0]
    if first.isdigit():
        container.write(first.encode())
        return 0
    parts = [content for name, content in container.files.items() if name.startswith(f"{first}/")]
    container.write(b"%d of %d\n" % (sum(map(int, parts)), len(parts)))
    return 0


WORLDS: Mapping[str, Reference] = {
    **{name: job for name, job in JOBS.items() if not job.cancel},
    "secret": Reference(SECRET, whisper, "succeeded"),
    "recombined": Reference(RECOMBINED, add_up, "succeeded"),
}
"""`secret`: its tasks get one from the Key Vault. `recombined`: a job and a pool more, for the user's own merger."""
