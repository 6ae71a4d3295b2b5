"""The jobs that are dropped, what their programs do, and how each must end when nobody harms it."""

from __future__ import annotations

from tests.loop.ground import Container

LINES_TEXT = b"".join(b"line %d\n" % n for n in range(12))
SOURCES = {"big.txt": LINES_TEXT, "in/a.txt": b"aa\n", "in/b.txt": b"bb\n"}
POOL = "night"
"""Of an operator: used, and never changed."""
NUMBERS = """
version: 1
name: {name}
container:
  image: localhost/demo:1
  args: ["$(BATCHDROP_UNIT_START)"]
  environment: {{FAILS: "{fails}", CODE: "{code}"}}
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
CUT = """
version: 1
name: cut
container: {image: "localhost/demo:1"}
input: {blob: data/big.txt, waitAtMost: PT20M}
split: {by: container, container: {image: "localhost/cutter:1"}}
merge: {by: concat}
retention: {otherwise: PT1H}
"""
WITHOUT_3 = b"0\n1\n2\n4\n"
ALL_5 = b"0\n1\n2\n3\n4\n"


def numbers(name: str, more: str = "", fails: str = "none") -> str:
    """Five numbers, one a task; the one that fails ends with 7."""
    return NUMBERS.format(name=name, fails=fails, code=7) + more


KINDS = {
    "numbers": numbers("numbers"),
    "failing": numbers("failing", fails="3"),
    "tolerated": numbers("tolerated", "failure: {tolerated: 1}\n", "3"),
    "stopping": numbers("stopping", "failure: {stopOn: [7], tolerated: 5}\n", "3"),
    "skipping": numbers("skipping", "failure: {skipOn: [7]}\n", "3"),
    "canary": numbers("canary", "canary: true\n"),
    "canary-dies": numbers("canary-dies", "canary: true\n", "0"),
    "shared": numbers("shared", f"compute: {{pool: {POOL}}}\n"),
    "sum": numbers("sum").replace("{by: concat}", '{by: container, container: {image: "localhost/joiner:1"}}'),
    "lines": LINES.format(name="lines", split="unitsPerTask: 3"),
    "ranges": LINES.format(name="ranges", split="tasks: 2"),
    "mount": LINES.format(name="mount", split="unitsPerTask: 3") + "compute: {staging: mount}\n",
    "cut": CUT,
    "files": FILES,
    "replacing": numbers("replacing", "onReplace: cancel\n"),
    "keyed": numbers("keyed", "idempotencyKey: once\n"),
    "wrong": "version: 1\nname: wrong\n",
}
READING = ("lines", "ranges", "mount", "cut", "files")
"""Kinds that have an input which people may change."""
UNDONE = ("failing", "tolerated", "stopping", "skipping", "canary-dies")
"""Kinds that leave something to retry when nobody harms them."""
MENDED = 'container: {environment: {FAILS: "none", CODE: "7"}}\n'
"""What a retry may add, for nothing to fail in it."""
ENDS: dict[str, tuple[str, bytes | None]] = {
    "numbers": ("succeeded", ALL_5),
    "failing": ("failed", None),
    "tolerated": ("succeeded", WITHOUT_3),
    "stopping": ("failed", None),
    "skipping": ("succeeded", WITHOUT_3),
    "canary": ("succeeded", ALL_5),
    "canary-dies": ("failed", None),
    "shared": ("succeeded", ALL_5),
    "sum": ("succeeded", ALL_5),
    "lines": ("succeeded", LINES_TEXT),
    "ranges": ("succeeded", LINES_TEXT),
    "mount": ("succeeded", LINES_TEXT),
    "cut": ("succeeded", LINES_TEXT),
    "files": ("succeeded", None),
    "replacing": ("succeeded", ALL_5),
    "keyed": ("succeeded", ALL_5),
}
"""State and merged bytes. `files` has no one result: its files are the sources."""
FAILS_AS = {"stopping": "STOPPED_ON"}
"""The others that fail: TASKS_FAILED."""


def end_of(kind: str, fails: str) -> tuple[str, bytes | None]:
    """`fails`: the number that does, in the end; a retry may have mended it."""
    return ("succeeded", ALL_5) if kind in UNDONE and fails == "none" else ENDS[kind]


def program(container: Container) -> int:
    """Numbers are written down, one of them may fail; files are copied. The splitter cuts every three lines, the
    recombiner joins what it finds."""
    image, first = container.spec.image, next(iter(container.args), "")
    if image == "localhost/cutter:1":
        lines = container.read().splitlines(keepends=True)
        for number in range(0, len(lines), 3):
            container.write(b"".join(lines[number : number + 3]), f"{number:03}.txt")
    elif image == "localhost/joiner:1":
        folder = f"{container.env['INPUT_DIR']}/"
        found = sorted(name for name in container.files if name.startswith(folder))
        container.write(b"".join(container.files[name] for name in found))
    elif first.isdigit():
        if container.env["FAILS"] == first:
            return int(container.env["CODE"])
        container.write(first.encode() + b"\n")
    else:
        container.write(container.read())
    return 0
