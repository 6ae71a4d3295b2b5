"""Counts the words of a text: `wordcount.py -i text.txt -o counts.csv [-c config.json]`.

Writes CSV, `word,count` with a header, one row a word, rows in byte order of the UTF-8 word. A word is a run of
letters and digits, apostrophes inside it included; bytes that are no UTF-8 end a word. The config is a JSON object:
`minimumLength` (characters, default 1) and `lowercase` (default false). Exit codes: 0 done, 2 wrong arguments or
config, 1 anything else.

It knows nothing of Batchdrop: a program that reads a file and writes a file is all that is needed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


class WrongConfig(Exception):
    """The config cannot be followed."""


@dataclass(frozen=True)
class Config:
    """How to count."""

    minimum_length: int = 1
    lowercase: bool = False


def main() -> None:
    """Count the words of the file that the command line names."""
    arguments = parse_arguments()
    try:
        config = read_config(arguments.config)
    except WrongConfig as wrong:
        sys.exit(refuse(f"{arguments.config}: {wrong}"))
    counts = count_words(arguments.input, config)
    write_counts(counts, arguments.output)
    print(f"{counts.total()} words, {len(counts)} different")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Counts the words of a text.")
    parser.add_argument("-i", "--input", type=Path, required=True, help="the text, UTF-8")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the CSV file to write")
    parser.add_argument("-c", "--config", type=Path, help="a JSON object: minimumLength, lowercase")
    return parser.parse_args()


def refuse(why: str) -> int:
    """Say what is wrong; the exit code of a mistake of the caller's."""
    print(why, file=sys.stderr)
    return 2


def read_config(path: Path | None) -> Config:
    """The config at `path`, the defaults where it is None. Raises WrongConfig."""
    if path is None:
        return Config()
    try:
        said = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise WrongConfig(f"not JSON: {error}") from error
    if not isinstance(said, dict):
        raise WrongConfig("not a JSON object")
    unknown = sorted(said.keys() - {"minimumLength", "lowercase"})
    if unknown:
        raise WrongConfig(f"unknown: {', '.join(unknown)}")
    return Config(minimum_length_in(said), lowercase_in(said))


def minimum_length_in(said: dict[str, object]) -> int:
    value = said.get("minimumLength", 1)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise WrongConfig("minimumLength must be a whole number, 1 or more")
    return value


def lowercase_in(said: dict[str, object]) -> bool:
    value = said.get("lowercase", False)
    if not isinstance(value, bool):
        raise WrongConfig("lowercase must be true or false")
    return value


def count_words(text: Path, config: Config) -> Counter[str]:
    """How often each word occurs. Lines are counted one by one, so the counts of parts cut at line ends add up."""
    counts: Counter[str] = Counter()
    with text.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for line in lines:
            words = WORD.findall(line.lower() if config.lowercase else line)
            counts.update(word for word in words if len(word) >= config.minimum_length)
    return counts


def write_counts(counts: Counter[str], target: Path) -> None:
    """Rows in the order of code points, which is also the byte order of UTF-8. No word needs CSV quotes."""
    with target.open("w", encoding="utf-8", newline="\n") as rows:
        rows.write("word,count\n")
        rows.writelines(f"{word},{counts[word]}\n" for word in sorted(counts))


if __name__ == "__main__":
    main()
