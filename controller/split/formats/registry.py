"""Which finder a manifest's split takes. Pure."""

from __future__ import annotations

from controller.split.formats.bytes import BytesFinder
from controller.split.formats.csv import CsvFinder
from controller.split.formats.fasta import FastaFinder
from controller.split.formats.fastq import FastqFinder
from controller.split.formats.lines import LinesFinder
from controller.split.parts import Finder
from shared.errors import Defect
from shared.manifest.models import Split


def finder_of(split: Split) -> Finder:
    """The finder of `split.by`, with the manifest's dialect; Defect for a split that cuts no blob."""
    match split.by:
        case "lines":
            return LinesFinder()
        case "csv":
            return CsvFinder(split.csv)
        case "json":
            from controller.split.formats.json import JsonFinder  # its parser is loaded only where it is used

            return JsonFinder(split.json_path)
        case "fasta":
            return FastaFinder()
        case "fastq":
            return FastqFinder()
        case "bytes":
            return BytesFinder(split.record_size)
        case _:
            raise Defect(f"split.by: {split.by} cuts no blob")
