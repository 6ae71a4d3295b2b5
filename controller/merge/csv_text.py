"""CSV bytes as rows of fields. Pure."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator

from controller.merge.parts import Part, refused


def read_rows(part: Part, delimiter: str) -> Iterator[list[str]]:
    """The rows of one output, header included, empty lines left out; Refused, naming the task, for broken CSV."""
    try:
        for row in csv.reader(_lines(part.chunks), delimiter=delimiter, strict=True):
            if row:
                yield row
    except (csv.Error, UnicodeDecodeError) as error:
        raise refused(part.task, f"it is not CSV in UTF-8: {error}") from error


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Text up to and with each newline; quoted ones are put together again by the reader."""
    rest = ""
    for text in codecs.iterdecode(chunks, "utf-8-sig"):
        lines = (rest + text).split("\n")
        rest = lines.pop()
        for line in lines:
            yield line + "\n"
    if rest:
        yield rest
