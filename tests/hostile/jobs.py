"""The jobs that are dropped, what their programs do, and how each must end when nobody harms it."""

from __future__ import annotations

from tests.loop.ground import Container

LINES_TEXT = b"".join(b"line %d\n" % n for n in range(12))
SOURCES = {"big.txt": LINES_TEXT, "in/a.txt": b"aa\n", "in/b.txt": b"bb\n"}
NUMBERS = """
version: 1
name: {name}
container: {{image: "localhost/demo:1", args: ["$(BATCHDROP_UNIT_START)"], environment: {{FAILS: "{fails}"}}}}
input: {{range: {{stop: 5}}}}
merge: {{by: concat}}
retention: {{otherwise: PT1H}}
"""
LINES = """
version: 1
name: {name}
container: {{image: "localhost/demo:1", args: [$(INPUT_PATH)]}}
input: {{blob: data/big.txt, waitAtMost: PT20M}}
split: {{by: lines, {split}}}
merge: {{by: concat}}
retention: {{otherwise: PT1H}}
"""
FILES = """
version: 1
name: files
container: {image: "localhost/demo:1"}
input: {blobs: "data/in/*.txt", waitAtMost: PT20M}
output: {name: "{stem}.out"}
merge: {by: files}
retention: {otherwise: PT1H}
"""
WITHOUT_3 = b"0\n1\n2\n4\n"
ALL_5 = b"0\n1\n2\n3\n4\n"
KINDS = {
    "numbers": NUMBERS.format(name="numbers", fails="none"),
    "failing": NUMBERS.format(name="failing", fails="3"),
    "tolerated": NUMBERS.format(name="tolerated", fails="3") + "failure: {tolerated: 1}\n",
    "lines": LINES.format(name="lines", split="unitsPerTask: 3"),
    "ranges": LINES.format(name="ranges", split="tasks: 2"),
    "files": FILES,
    "replacing": NUMBERS.format(name="replacing", fails="none") + "onReplace: cancel\n",
    "keyed": NUMBERS.format(name="keyed", fails="none") + "idempotencyKey: once\n",
    "wrong": "version: 1\nname: wrong\n",
}
ENDS: dict[str, tuple[str, bytes | None]] = {
    "numbers": ("succeeded", ALL_5),
    "failing": ("failed", None),
    "tolerated": ("succeeded", WITHOUT_3),
    "lines": ("succeeded", LINES_TEXT),
    "ranges": ("succeeded", LINES_TEXT),
    "files": ("succeeded", None),
    "replacing": ("succeeded", ALL_5),
    "keyed": ("succeeded", ALL_5),
}
"""State and merged bytes. `files` has no one result: its files are the sources."""


def program(container: Container) -> int:
    """Numbers are written down, one of them may fail; files are copied."""
    first = next(iter(container.args), "")
    if first.isdigit():
        if container.env["FAILS"] == first:
            return 1
        container.write(first.encode() + b"\n")
    else:
        container.write(container.read())
    return 0
