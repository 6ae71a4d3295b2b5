"""The kinds of jobs that a soak drops: their manifests, what a person does to them later, how each part must end."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

FIRST, SECOND = "first", "second"
LINES = b"".join(b"line %d of the text\n" % number for number in range(600))
TABLE = b"number,words\n" + b"".join(b'%d,"two\nlines of %d"\n' % (number, number) for number in range(240))
FILES = {f"{letter}.txt": f"file {letter}\n".encode() * 50 for letter in "abcde"}
DATA = {
    "data/soak/lines.txt": LINES,
    "data/soak/table.csv": TABLE,
    "reference/soak.txt": b"reference\n",
    **{f"data/soak/in/{name}": content for name, content in FILES.items()},
}
DROPPED_AT_ONCE = "retention: {otherwise: PT0S}"
KEPT = "PT4M"
"""How long a job that may be retried keeps its containers."""


@dataclass(frozen=True)
class End:
    """How one job must end. `merged` None: without a result. `needed`: False where it may never have begun."""

    state: str
    merged: bytes | None
    complete: bool = True
    needed: bool = True


@dataclass(frozen=True)
class Kind:
    """`later`: what a person does to a job of this kind; `again`: the manifest he drops then."""

    manifest: str
    ends: Mapping[str, End]
    later: Literal["cancel", "overwrite", "retry"] | None = None
    again: str = ""
    shape: Callable[[bytes], bytes] = field(default=bytes)
    """What of the result is compared."""


def job(container: str, body: str, *more: str, part: str = FIRST) -> str:
    """A manifest. `container`: the words of a shell."""
    image = 'container: {image: "localhost/wordcount:1", command: [sh, -c, \'' + container + "']}"
    return "\n".join(["version: 1", f"labels: {{part: {part}}}", image, body, *more, ""])


def well(manifest: str, merged: bytes, shape: Callable[[bytes], bytes] = bytes) -> Kind:
    return Kind(manifest, {FIRST: End("succeeded", merged)}, shape=shape)


def contents(archive: bytes) -> bytes:
    """Of all files of a zip, in their order."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return b"".join(opened.read(name) for name in opened.namelist())


COPY = 'sleep 1; cp "$INPUT_PATH" "$OUTPUT_PATH"'
NUMBER = 'sleep 1; echo "$BATCHDROP_UNIT_START" > "$OUTPUT_PATH"'
ENDLESS = 'sleep 900; echo late > "$OUTPUT_PATH"'
FAILS = 'sleep 1; test "$BATCHDROP_UNIT_START" != 1 || test -n "$MENDED" || exit {code}; ' + NUMBER
LISTED = 'sleep 1; echo "$BATCHDROP_UNIT" > "$OUTPUT_PATH"'
REFERRED = '(cat "$REFERENCE_DIR/r/soak.txt"; tr -d " \\n" < "$CONFIG_PATH") > "$OUTPUT_PATH"'
CUT = 'cd "$OUTPUT_DIR" && split -l 150 "$INPUT_PATH" part-'
JOINED = 'cat "$INPUT_DIR"/*/* > "$OUTPUT_PATH"'
FOUR = "input: {range: {stop: 4}}\nsplit: {unitsPerTask: 1}\nmerge: {by: lines}"
TEXT = "input: {blob: data/soak/lines.txt}"
ONCE = "limits: {maxTaskRetryCount: 0}"
NUMBERS = b"0\n1\n2\n3\n"
WITHOUT_1 = b"0\n2\n3\n"


def side(words: str) -> str:
    """A splitter or recombiner of one's own."""
    return "{by: container, container: {command: [sh, -c, '" + words + "']}}"


def two(first: str, ends: End, second: str) -> Kind:
    """A manifest that another one overwrites; the first may never have been seen."""
    return Kind(first, {FIRST: ends, SECOND: End("succeeded", NUMBERS)}, "overwrite", second)


KINDS: Mapping[str, Kind] = {
    "lines": well(job(COPY, f"{TEXT}\nsplit: {{by: lines, tasks: 6}}\nmerge: {{by: lines}}"), LINES),
    "csv": well(
        job(COPY, "input: {blob: data/soak/table.csv}\nsplit: {unitsPerTask: 50}\noutput: {recordsPerUnit: 1}"), TABLE
    ),
    "concat": well(job(NUMBER, FOUR.replace("lines", "concat")), NUMBERS),
    "zip": well(
        job(LISTED, "input: {items: [7, 8, 9], deliver: environment}\nmerge: {by: zip}"), b"7\n8\n9\n", contents
    ),
    "files": well(
        job(COPY, 'input: {blobs: "data/soak/in/*.txt"}\noutput: {name: "{stem}.txt"}'), b"".join(FILES.values())
    ),
    "reference": well(
        job(
            REFERRED,
            "input: {range: {stop: 2}}\nsplit: {unitsPerTask: 1}",
            "reference: [{name: r, from: reference/soak.txt}]",
            "config: {depth: 3}",
        ),
        b'reference\n{"depth":3}' * 2,
    ),
    "recombiner": well(job(NUMBER, FOUR.replace("{by: lines}", side(JOINED))), NUMBERS),
    "splitter": well(job(COPY, f"{TEXT}\nsplit: {side(CUT)}\nmerge: {{by: lines}}"), LINES),
    "canary": well(job(NUMBER, FOUR, "canary: true", "logs: all"), NUMBERS),
    "shared": well(job(NUMBER, FOUR, "compute: {pool: shared}"), NUMBERS),
    "skipped": Kind(
        job(FAILS.format(code=3), FOUR, "failure: {skipOn: [3]}", DROPPED_AT_ONCE),
        {FIRST: End("succeeded", WITHOUT_1, complete=False)},
    ),
    "tolerated": Kind(
        job(FAILS.format(code=1), FOUR, ONCE, "failure: {tolerated: 1}", DROPPED_AT_ONCE),
        {FIRST: End("succeeded", WITHOUT_1, complete=False)},
    ),
    "failing": Kind(
        job(FAILS.format(code=1), FOUR, "limits: {maxTaskRetryCount: 1}", DROPPED_AT_ONCE),
        {FIRST: End("failed", None, complete=False)},
    ),
    "retried": Kind(
        job(FAILS.format(code=1), FOUR, ONCE, "failure: {tolerated: 1}", f"retention: {{otherwise: {KEPT}}}"),
        {FIRST: End("succeeded", WITHOUT_1, complete=False), SECOND: End("succeeded", NUMBERS)},
        "retry",
        f"labels: {{part: {SECOND}}}\ncontainer: {{environment: {{MENDED: 'yes'}}}}\n",
    ),
    "cancelled": Kind(job(ENDLESS, FOUR, DROPPED_AT_ONCE), {FIRST: End("cancelled", None, complete=False)}, "cancel"),
    "overwritten": two(job(NUMBER, FOUR), End("succeeded", NUMBERS, needed=False), job(NUMBER, FOUR, part=SECOND)),
    "replaced": two(
        job(ENDLESS, FOUR, DROPPED_AT_ONCE),
        End("cancelled", None, complete=False, needed=False),
        job(NUMBER, FOUR, "onReplace: cancel", part=SECOND),
    ),
}
