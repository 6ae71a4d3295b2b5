"""merge.by: zip: the bytes of an archive around those of the outputs, which are stored as they are. Pure.

Nothing in them depends on when or by whom they are written: every date is that of 1980-01-01. An entry whose checksum
is known when it begins carries it in front, so that a reader that streams needs no index; a longer one behind. Sizes,
offsets and counts that need it are written in the form of ZIP64.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import pack

DATE = 1 << 5 | 1
"""1980-01-01 in the format's own words."""
MODE = 0o100644 << 16
SHORT, LONG = 0xFFFF, 0xFFFFFFFF
BEHIND, UTF8 = 1 << 3, 1 << 11
PLAIN, ZIP64 = 20, 45
UNIX = 3 << 8


@dataclass(frozen=True)
class Entry:
    """One file of an archive. `behind`: its checksum follows its bytes."""

    name: bytes
    length: int
    behind: bool

    @property
    def vast(self) -> bool:
        return self.length >= LONG

    @property
    def flags(self) -> int:
        return UTF8 | (BEHIND if self.behind else 0)

    @property
    def size(self) -> int:
        """What it takes in the archive, before the index."""
        around = (24 if self.vast else 16) if self.behind else 0
        return 30 + len(self.name) + (20 if self.vast else 0) + self.length + around


def heading(entry: Entry, crc: int) -> bytes:
    """What stands before the bytes of a file; `crc` counts only where it is not behind."""
    crc, size = (0, 0) if entry.behind else (crc, entry.length)
    extra = pack("<HHQQ", 1, 16, size, size) if entry.vast else b""
    shown = LONG if entry.vast else size
    needed = ZIP64 if entry.vast else PLAIN
    fixed = pack(
        "<4s5H3I2H", b"PK\3\4", needed, entry.flags, 0, 0, DATE, crc, shown, shown, len(entry.name), len(extra)
    )
    return fixed + entry.name + extra


def trailer(entry: Entry, crc: int) -> bytes:
    """What stands behind the bytes of a file."""
    if not entry.behind:
        return b""
    return pack("<4sIQQ" if entry.vast else "<4sIII", b"PK\7\10", crc, entry.length, entry.length)


def index_row(entry: Entry, crc: int, offset: int) -> bytes:
    """The file in the archive's index."""
    far = [value for value in (entry.length, entry.length, offset) if value >= LONG]
    extra = pack(f"<HH{len(far)}Q", 1, 8 * len(far), *far) if far else b""
    needed, size = ZIP64 if far else PLAIN, min(entry.length, LONG)
    fixed = pack(
        "<4s6H3I5H2I",
        *(b"PK\1\2", UNIX | needed, needed, entry.flags, 0, 0, DATE),
        *(crc, size, size, len(entry.name), len(extra), 0, 0, 0, MODE, min(offset, LONG)),
    )
    return fixed + entry.name + extra


def ending(entries: int, start: int, size: int) -> bytes:
    """What stands behind the index, which begins at `start` and takes `size` bytes."""
    far = b""
    if entries >= SHORT or start >= LONG or size >= LONG:
        record = pack("<4sQ2H2I4Q", b"PK\6\6", 44, UNIX | ZIP64, ZIP64, 0, 0, entries, entries, size, start)
        far = record + pack("<4sIQI", b"PK\6\7", 0, start + size, 1)
    count = min(entries, SHORT)
    return far + pack("<4s4H2IH", b"PK\5\6", 0, 0, count, count, min(size, LONG), min(start, LONG), 0)
