#!/usr/bin/env python3
"""Searches sequences in a database, in the manner and with the options of blastn, at the size of an example.

`blastn -query queries.fasta -db nt/nt -out hits.tsv [-outfmt 6] [-word_size 11] [-evalue 10] [-num_threads 1]`. The
database is `<db>.*.fasta`, any number of volumes. Both strands of each query are searched: words that are the same in
both are extended without gaps while the score (match 1, mismatch -2) does not fall by more than 16 from its best. Rows
are the twelve columns of format 6, queries in their order, best hit first. A query without a hit has no row.

Exit codes: 0 done, 2 wrong arguments, 1 anything else.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

MATCH, MISMATCH, DROP = 1, -2, 16
LAMBDA, K = 1.33, 0.621
"""Karlin and Altschul's numbers for these scores."""
COMPLEMENT = str.maketrans("ACGTacgt", "TGCAtgca")


@dataclass(frozen=True)
class Sequence:
    """One record; `text` in capitals."""

    name: str
    text: str


class Database:
    """All sequences of all volumes, and where each word of them is."""

    def __init__(self, path: str, word: int) -> None:
        volumes = sorted(Path(path).parent.glob(f"{Path(path).name}.*.fasta"))
        if not volumes:
            raise FileNotFoundError(f"no database {path}.*.fasta")
        self.word = word
        self.sequences = [each for volume in volumes for each in read_fasta(volume)]
        self.letters = sum(len(each.text) for each in self.sequences)
        self.places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, sequence in enumerate(self.sequences):
            for at in range(len(sequence.text) - word + 1):
                self.places[sequence.text[at : at + word]].append((number, at))


@dataclass(frozen=True, order=True)
class Hit:
    """A run without gaps; the fields before `name` are the order of the rows. Positions count from 0."""

    evalue: float
    subject: int
    subject_at: int
    query_at: int
    minus: bool
    length: int
    matches: int
    score: int


def main() -> None:
    """Search what the command line names."""
    options = parse_arguments()
    database = Database(options.db, options.word_size)
    queries = list(read_fasta(options.query))
    with ThreadPoolExecutor(options.num_threads) as threads:
        found = list(threads.map(partial(search, database, most=options.evalue), queries))
    with options.out.open("w", encoding="utf-8", newline="\n") as rows:
        for query, hits in zip(queries, found, strict=True):
            rows.writelines(row(query, hit, database) for hit in hits)
    print(f"{len(queries)} queries, {sum(map(len, found))} hits")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="blastn", description="Searches sequences in a database.", add_help=False)
    parser.add_argument("-h", "-help", action="help")
    parser.add_argument("-query", type=Path, required=True, help="FASTA")
    parser.add_argument("-db", required=True, help="name of the database")
    parser.add_argument("-out", type=Path, required=True, help="the table to write")
    parser.add_argument("-outfmt", choices=["6"], default="6")
    parser.add_argument("-word_size", type=int, default=11)
    parser.add_argument("-evalue", type=float, default=10.0, help="worst expected value of a hit")
    parser.add_argument("-num_threads", type=int, default=1)
    return parser.parse_args()


def read_fasta(path: Path) -> Iterator[Sequence]:
    name, lines = None, list[str]()
    for line in path.read_text("utf-8").splitlines():
        if not line.startswith(">"):
            lines.append(line.strip().upper())
            continue
        if name is not None:
            yield Sequence(name, "".join(lines))
        name, lines = (line[1:].split() or [""])[0], []
    if name is not None:
        yield Sequence(name, "".join(lines))


def search(database: Database, query: Sequence, most: float) -> list[Hit]:
    """All hits of both strands, the best first."""
    strands = ((False, query.text), (True, query.text.translate(COMPLEMENT)[::-1]))
    hits = [hit for minus, text in strands for hit in search_strand(database, text, minus)]
    return sorted(hit for hit in hits if hit.evalue <= most)


def search_strand(database: Database, text: str, minus: bool) -> Iterator[Hit]:
    """One hit a run, however many words of it are the same."""
    covered: dict[tuple[int, int], int] = {}
    for at in range(len(text) - database.word + 1):
        for subject, place in database.places.get(text[at : at + database.word], ()):
            diagonal = (subject, place - at)
            if at < covered.get(diagonal, 0):
                continue
            hit = extended(database, text, at, subject, place, minus)
            covered[diagonal] = hit.query_at + hit.length
            yield hit


def extended(database: Database, text: str, at: int, subject: int, place: int, minus: bool) -> Hit:
    other = database.sequences[subject].text
    right = reach(text[at:], other[place:])
    left = reach(text[:at][::-1], other[:place][::-1])
    first, length = at - left, left + right
    start = place - left
    matches = sum(a == b for a, b in zip(text[first : first + length], other[start : start + length], strict=True))
    score = matches * MATCH + (length - matches) * MISMATCH
    evalue = len(text) * database.letters * 2 ** -bits(score)
    return Hit(evalue, subject, start, first, minus, length, matches, score)


def reach(text: str, other: str) -> int:
    """How far from the beginning of both the score is best."""
    score = best = length = 0
    for number, (a, b) in enumerate(zip(text, other, strict=False), 1):
        score += MATCH if a == b else MISMATCH
        if score > best:
            best, length = score, number
        elif best - score > DROP:
            break
    return length


def bits(score: int) -> float:
    return (LAMBDA * score - math.log(K)) / math.log(2)


def row(query: Sequence, hit: Hit, database: Database) -> str:
    """Format 6: positions count from 1; a hit of the minus strand has its subject the other way round."""
    first, last = hit.query_at + 1, hit.query_at + hit.length
    start, end = hit.subject_at + 1, hit.subject_at + hit.length
    if hit.minus:
        first, last = len(query.text) - last + 1, len(query.text) - first + 1
        start, end = end, start
    identity = f"{100 * hit.matches / hit.length:.3f}"
    numbers = (hit.length, hit.length - hit.matches, 0, first, last, start, end)
    measures = (f"{hit.evalue:.2e}", f"{bits(hit.score):.1f}")
    return "\t".join(map(str, (query.name, database.sequences[hit.subject].name, identity, *numbers, *measures))) + "\n"


if __name__ == "__main__":
    try:
        main()
    except OSError as error:
        sys.exit(f"blastn: {error}")
