"""merge.by zip: all files in one archive."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.merge.naming import all_differ
from controller.merge.run import TaskOutput, empty_result
from controller.merge.zip import Entry, ending, heading, index_row, trailer
from controller.merge.zipping import SHARD
from controller.transfer.fetch import RANGE
from shared.errors import Refused
from shared.names import output_container
from tests.fakes.world import World
from tests.merge.ground import JOB, a_world, left, merging, put, result, run_merge

ZIP = merging("zip")


def archive(world: World, files: list[TaskOutput], **fields: Any) -> zipfile.ZipFile:
    found = zipfile.ZipFile(io.BytesIO(result(world, run_merge(ZIP, world, files, **fields))))
    assert found.testzip() is None
    return found


def test_every_file_of_every_task_is_in_it() -> None:
    """By task where two have one name; in ledger order, uncompressed, with one date for all."""
    world, _ = a_world()
    files = [put(world, 0, "out.txt", b"a"), put(world, 0, "more/ü.txt", b"bb"), put(world, 7, "out.txt", b"")]
    found = archive(world, files)
    assert found.namelist() == ["t-000000/out.txt", "t-000000/more/ü.txt", "t-000007/out.txt"]
    assert [found.read(name) for name in found.namelist()] == [b"a", b"bb", b""]
    assert {info.date_time for info in found.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in found.infolist()} == {zipfile.ZIP_STORED}


def test_names_that_differ_lie_flat() -> None:
    """The tasks' folders are left out where nothing needs them."""
    world, _ = a_world()
    files = [put(world, 0, "a.webp", b"1"), put(world, 1, "2026/b.webp", b"2")]
    assert archive(world, files).namelist() == ["a.webp", "2026/b.webp"]


@pytest.mark.parametrize(
    ("names", "differ"),
    [
        (["a", "b"], True),
        ([], True),
        (["a", "b", "a"], False),
        (["a", "a/b"], False),
        (["a/b", "a/c", "b"], True),
        (["x/a", "x"], False),
        (["A", "a"], True),
    ],
)
def test_what_can_lie_in_one_place(names: list[str], differ: bool) -> None:
    """No two names are equal, and none is a folder of another."""
    assert all_differ(names) is differ


@given(st.lists(st.text(st.sampled_from("ab/"), min_size=1, max_size=4), max_size=6))
def test_what_can_lie_in_one_place_is_what_a_file_system_takes(names: list[str]) -> None:
    """As sets of names and of folders say it."""
    folders = {name[:at] for name in names for at, character in enumerate(name) if character == "/"}
    assert all_differ(names) is (len(set(names)) == len(names) and not folders & set(names))


def test_long_files_carry_their_checksum_behind() -> None:
    """Its bytes are not held to find it out: read in ranges, with the sum of all of them."""
    world, _ = a_world()
    long = bytes(range(256)) * (RANGE // 256) + b"x"
    files = [put(world, 0, "long", long), put(world, 1, "short", long[:RANGE])]
    found = archive(world, files)
    assert [bool(info.flag_bits & 8) for info in found.infolist()] == [True, False]
    assert found.read("long") == long


def test_many_files_keep_their_checksums_in_storage() -> None:
    """More than fit into a state: they come back for the index; the archive is read by other programs, too."""
    world, _ = a_world()
    files = [put(world, number, f"{number:05d}", b"%d" % number) for number in range(2 * SHARD + 3)]
    found = archive(world, files)
    assert found.namelist() == [f"{number:05d}" for number in range(2 * SHARD + 3)]
    assert len(left(world, output_container(JOB), "_merge/zip-")) == 2


@pytest.mark.skipif(shutil.which("unzip") is None, reason="needs the program unzip")
def test_a_common_program_unpacks_it(tmp_path: Path) -> None:
    """Info-ZIP tests it without complaint."""
    world, _ = a_world()
    files = [put(world, 0, "é/a", b"1"), put(world, 1, "b", b"y" * (RANGE + 1)), put(world, 2, "c", b"")]
    (tmp_path / "x.zip").write_bytes(result(world, run_merge(ZIP, world, files)))
    done = subprocess.run(["unzip", "-t", str(tmp_path / "x.zip")], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_makes_an_empty_archive() -> None:
    """It can be opened, and holds nothing."""
    world, _ = a_world()
    assert archive(world, []).namelist() == []
    assert empty_result(ZIP) == result(world, run_merge(ZIP, world, []))


@pytest.mark.parametrize("name", ["../out", "a//b", "a/./b", "/etc/passwd"])
def test_a_name_that_leads_out_of_the_archive_is_refused(name: str) -> None:
    """Whoever unpacks it is safe; the task is named."""
    world, _ = a_world()
    with pytest.raises(Refused, match=r"t-000003.*(no name for a file|no name of a blob)"):
        run_merge(ZIP, world, [put(world, 3, name, b"")])


def test_the_same_outputs_make_the_same_bytes() -> None:
    """Whenever and by whomever they are merged."""
    found = set()
    for hours in (0, 5):
        world, files = a_world(b"a", b"b")
        world.clock.advance(timedelta(hours=hours))
        found.add(result(world, run_merge(ZIP, world, files)))
    assert len(found) == 1


def test_sizes_beyond_four_gibibytes() -> None:
    """ZIP64, as a reader that knows it finds it: sizes, offsets, counts."""
    vast, near = Entry(b"vast", 5 * 2**30, behind=True), Entry(b"near", 3, behind=False)
    offset = vast.size
    index = index_row(vast, 7, 0) + index_row(near, 0x8587D865, offset)
    head = heading(near, 0x8587D865) + b"abc" + trailer(near, 0)
    start = offset + near.size
    data = Sparse(start + len(index), {offset: head, start: index + ending(2, start, len(index))})
    found = zipfile.ZipFile(data)  # type: ignore[arg-type]
    assert [(info.filename, info.file_size, info.header_offset) for info in found.infolist()] == [
        ("vast", 5 * 2**30, 0),
        ("near", 3, offset),
    ]
    assert len(heading(vast, 0)) + vast.length + len(trailer(vast, 7)) == vast.size
    assert len(heading(near, 0)) + near.length == near.size


def test_more_files_than_the_old_form_can_count() -> None:
    """65,535 and more are counted in the ZIP64 record."""
    row = index_row(Entry(b"", 0, behind=False), 0, 0)
    assert len(zipfile.ZipFile(io.BytesIO(row * 70_000 + ending(70_000, 0, len(row) * 70_000))).infolist()) == 70_000


class Sparse(io.RawIOBase):
    """A file of zeros with some bytes in it."""

    def __init__(self, length: int, parts: dict[int, bytes]) -> None:
        super().__init__()
        self._end = max(length, *(at + len(part) for at, part in parts.items()))
        self._parts, self._at = parts, 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = max(0, offset + (0, self._at, self._end)[whence])
        return self._at

    def read(self, size: int = -1) -> bytes:
        size = max(0, self._end - self._at if size < 0 else min(size, self._end - self._at))
        found = bytearray(size)
        for at, part in self._parts.items():
            first, last = max(at, self._at), min(at + len(part), self._at + size)
            if first < last:
                found[first - self._at : last - self._at] = part[first - at : last - at]
        self._at += size
        return bytes(found)
