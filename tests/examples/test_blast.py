"""The search example: hits as they can be worked out by hand."""

import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "blast-nt"
SUBJECT = "ACGTTGCAAGGCTTACCGATAGGCTTAACCGGTATCGGATCCATTGCAGT"


def search(
    folder: Path, queries: dict[str, str], *options: str, subjects: tuple[str, ...] = (SUBJECT,)
) -> subprocess.CompletedProcess[str]:
    """Run the image's program over queries; the database has a volume for each subject."""
    (folder / "q.fasta").write_text("".join(f">{name} words\n{text}\n" for name, text in queries.items()))
    for number, text in enumerate(subjects):
        (folder / f"nt.{number:02}.fasta").write_text(f">s{number}\n{text[:20]}\n{text[20:]}\n")
    files = ("-query", str(folder / "q.fasta"), "-db", str(folder / "nt"), "-out", str(folder / "hits.tsv"))
    command = [sys.executable, str(EXAMPLE / "blastn.py"), *files, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def rows(folder: Path) -> list[list[str]]:
    return [line.split("\t") for line in (folder / "hits.tsv").read_text().splitlines()]


def test_a_piece_of_the_database_is_found_where_it_is(tmp_path: Path) -> None:
    """Twelve columns: names, identity, length, mismatches, gaps, places from 1, expected value and bits."""
    done = search(tmp_path, {"q": SUBJECT[5:35]})
    assert done.returncode == 0, done.stderr
    (row,) = rows(tmp_path)
    assert row[:10] == ["q", "s0", "100.000", "30", "0", "0", "1", "30", "6", "35"]
    # (1.33 x 30 - ln 0.621) / ln 2 bits, and 30 x 50 letters that could match by chance.
    assert row[10:] == ["4.37e-15", "58.3"]


def test_the_other_strand_is_searched_too(tmp_path: Path) -> None:
    """A hit there has its subject the other way round; the query's places are those of the query as it is."""
    other = SUBJECT[5:35].translate(str.maketrans("ACGT", "TGCA"))[::-1]
    search(tmp_path, {"q": "TTTTT" + other})
    (row,) = [each for each in rows(tmp_path) if each[3] == "30"]
    assert row[6:10] == ["6", "35", "35", "6"]


def test_a_mismatch_is_crossed_and_counted(tmp_path: Path) -> None:
    """One wrong letter of thirty: one hit, not two."""
    piece = SUBJECT[5:35]
    search(tmp_path, {"q": piece[:15] + ("A" if piece[15] != "A" else "C") + piece[16:]})
    (row,) = rows(tmp_path)
    assert row[2:6] == ["96.667", "30", "1", "0"]


def test_the_best_hit_comes_first_and_a_query_without_one_has_no_row(tmp_path: Path) -> None:
    """Two volumes, one with the whole piece and one with half of it."""
    half = "GGGGGGGGGG" + SUBJECT[5:20] + "GGGGGGGGGG"
    search(tmp_path, {"none": "AT" * 20, "q": SUBJECT[5:35]}, subjects=(half, SUBJECT))
    assert [(row[0], row[1]) for row in rows(tmp_path)] == [("q", "s1"), ("q", "s0")]


def test_threads_change_nothing(tmp_path: Path) -> None:
    """Rows come in the order of the queries, however many are searched at a time."""
    queries = {f"q{n}": SUBJECT[n : n + 25] for n in range(20)}
    search(tmp_path, queries)
    alone = rows(tmp_path)
    search(tmp_path, queries, "-num_threads", "4")
    assert rows(tmp_path) == alone
    assert [row[0] for row in alone if row[3] == "25"] == list(queries)


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Exit code 1, not an empty table."""
    done = search(tmp_path, {"q": SUBJECT}, subjects=())
    assert done.returncode == 1
    assert "no database" in done.stderr
    assert not (tmp_path / "hits.tsv").exists()
