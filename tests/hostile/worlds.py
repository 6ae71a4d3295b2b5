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
CUT = """
version: 1
container: {image: "localhost/demo:1", args: [copy]}
input: {blob: data/text.txt}
split: {by: container, container: {image: "localhost/cutter:1", args: [cut, $(INPUT_PATH)]}}
merge: {by: concat}
canary: true
"""


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


def cut(container: Container) -> int:
    """Pieces of 50 lines by the splitter, as they are from the tasks."""
    words = container.args
    if words[0] == "copy":
        container.write(container.read())
        return 0
    lines = container.files[words[1]].splitlines(keepends=True)
    for number in range(0, len(lines), 50):
        container.write(b"".join(lines[number : number + 50]), f"{number:03}.txt")
    return 0


WORLDS: Mapping[str, Reference] = {
    **{name: job for name, job in JOBS.items() if not job.cancel},
    "secret": Reference(SECRET, whisper, "succeeded"),
    "recombined": Reference(RECOMBINED, add_up, "succeeded"),
    "cut": Reference(CUT, cut, "succeeded"),
}
"""`secret`: its tasks get one from the Key Vault. `recombined`, `cut`: a job and a pool more, for the user's own merger
or splitter; `cut` tries a canary besides."""
