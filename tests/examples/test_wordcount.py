"""The word count example, run as its image runs it: a process, a file in, a file out."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "wordcount"


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def count(text: bytes, folder: Path, config: object = None) -> str:
    """What the program writes for `text`."""
    (folder / "text.txt").write_bytes(text)
    arguments: list[object] = [EXAMPLE / "wordcount.py", "-i", folder / "text.txt", "-o", folder / "counts.csv"]
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
        arguments += ["-c", folder / "config.json"]
    done = python(*arguments)
    assert done.returncode == 0, done.stderr
    return (folder / "counts.csv").read_bytes().decode()


def rows(counts: str) -> Counter[str]:
    header, *lines = counts.splitlines()
    assert header == "word,count"
    return Counter({word: int(times) for word, times in (line.split(",") for line in lines)})


def test_counts_in_byte_order(tmp_path: Path) -> None:
    """Words come out with their counts, sorted by the bytes of their UTF-8 form."""
    written = count("zebra Ärger don't zebra\u3042 a_b".encode(), tmp_path)
    assert written == "word,count\na,1\nb,1\ndon't,1\nzebra,1\nzebra\u3042,1\n\u00c4rger,1\n"
    words = [line.split(",")[0].encode() for line in written.splitlines()[1:]]
    assert words == sorted(words)


def test_config_changes_what_counts(tmp_path: Path) -> None:
    """`minimumLength` leaves short words out and `lowercase` counts both spellings as one."""
    written = count(b"The cat of the CAT", tmp_path, {"minimumLength": 3, "lowercase": True})
    assert written == "word,count\ncat,2\nthe,2\n"


def test_no_words_give_a_header_only(tmp_path: Path) -> None:
    """An empty text is no error: the result is the header."""
    assert count(b"", tmp_path) == "word,count\n"


def test_parts_add_up_to_the_whole(tmp_path: Path) -> None:
    """Counts of parts cut at line ends, added up, are the counts of the whole text, broken UTF-8 and all."""
    lines = [
        "\u03a3\u0391\u03a3 eins".encode(),
        b"tw\xc3o broken\xff words\r",
        b"",
        "na\u00efve caf\u00e9".encode(),
    ] * 5
    text = b"\n".join(lines)
    parts = [b"".join(text.splitlines(keepends=True)[start : start + 3]) for start in range(0, len(lines), 3)]
    assert b"".join(parts) == text
    total: Counter[str] = Counter()
    for part in parts:
        total.update(rows(count(part, tmp_path, {"lowercase": True})))
    assert total == rows(count(text, tmp_path, {"lowercase": True}))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"minimumLength": 0}, "minimumLength"),
        ({"minimumLength": True}, "minimumLength"),
        ({"lowercase": "yes"}, "lowercase"),
        ({"shortest": 2}, "unknown: shortest"),
        ([1], "not a JSON object"),
    ],
)
def test_wrong_config_is_refused_by_name(config: object, said: str, tmp_path: Path) -> None:
    """A config that cannot be followed ends with exit code 2, says what is wrong, and writes nothing."""
    (tmp_path / "text.txt").write_text("word")
    (tmp_path / "config.json").write_text(json.dumps(config))
    done = python(
        EXAMPLE / "wordcount.py",
        *("-i", tmp_path / "text.txt", "-o", tmp_path / "counts.csv", "-c", tmp_path / "config.json"),
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "counts.csv").exists()


def test_input_is_made_the_same_again(tmp_path: Path) -> None:
    """The generated text has the size asked for, ends at a line end, and is the same each time."""
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    for target in (first, second):
        done = python(EXAMPLE / "make_input.py", "-o", target, "--size", 1)
        assert done.returncode == 0, done.stderr
    text = first.read_bytes()
    assert text == second.read_bytes()
    assert text.endswith(b"\n")
    assert 1024 * 1024 <= len(text) < 1024 * 1024 + 100_000
