"""The frame of every benchmark: options, room, services, and the report at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ground import Place, room, services
from benchmarks.options import Options, read_options
from benchmarks.report import Report


@dataclass(frozen=True)
class Benchmark:
    """`measure` fills the report, with a folder of its own and services of its own; `needs` is for how many bytes."""

    name: str
    what: str
    needs: Callable[[Options], int]
    measure: Callable[[Report, Path, Place], None]

    def main(self, arguments: Sequence[str] | None = None) -> None:
        """The program."""
        options = read_options(self.what, arguments)
        report = Report(self.name, options)
        with room(self.needs(options), options.folder) as folder, services(folder) as place:
            self.measure(report, folder, place)
        print(report.text())
