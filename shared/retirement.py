"""What Azure has announced to end: series of VM sizes, and operating systems of Batch images.

A table with a date, not a service that could be asked: look it through again now and then, and move CHECKED. Rows whose
end is long past go: nobody can have a pool of them. docs/retirement.md shows the same rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

CHECKED = date(2026, 11, 22)
"""On which day the rows were last held against their sources."""
SOON = timedelta(days=180)
_SERIES = "https://learn.microsoft.com/azure/virtual-machines/sizes/retirement/"
_LIST = _SERIES + "retired-sizes-list"
OLDEST_API = "2025-06-01"
"""Older versions of the Batch APIs are announced to end; no date was found (github.com/Azure/Batch/issues/140)."""


@dataclass(frozen=True)
class Ending:
    """`names` fits what ends (a VM size, or a node agent), whole and in any case; `ends` is the last day."""

    what: str
    names: str
    ends: date
    instead: str
    source: str

    def fits(self, name: str) -> bool:
        return re.fullmatch(self.names, name, re.IGNORECASE) is not None


SIZES = (
    Ending("NCv3 series", r"standard_nc\d+r?s_v3", date(2025, 9, 30), "NCads A100 v4 or NCasT4_v3", _LIST),
    Ending("DCsv2 series", r"standard_dc\d+s_v2", date(2026, 6, 30), "DCdsv3", _SERIES + "dcsv2-series-retirement"),
    Ending("NVv3 and NVv4 series", r"standard_nv\d+(s_v3|as_v4)", date(2026, 9, 30), "NVadsA10 v5", _LIST),
    Ending("M192 sizes of Msv2", r"standard_m192i(d?m?)s_v2", date(2027, 3, 31), "Msv3 or Mdsv3", _LIST),
    Ending(
        "HBv2 series",
        r"standard_hb\d+(-\d+)?rs_v2",
        date(2027, 5, 31),
        "HBv3 to HBv5",
        _SERIES + "hbv2-series-retirement",
    ),
    Ending(
        "HC series", r"standard_hc\d+(-\d+)?rs", date(2027, 5, 31), "HBv3 to HBv5", _SERIES + "hc-series-retirement"
    ),
    Ending(
        "D, Ds, Dv2 and Dsv2 series", r"standard_ds?\d+(-\d+)?(_v2)?(_promo)?", date(2028, 5, 1), "Dsv5 or newer", _LIST
    ),
    Ending("Ls series", r"standard_l\d+s", date(2028, 5, 1), "Lsv3", _LIST),
    Ending("Av2 and Amv2 series", r"standard_a\d+m?_v2", date(2028, 11, 15), "Dsv5 or Esv5", _LIST),
    Ending("B series (v1)", r"standard_b\d+(ls|ms|s)", date(2028, 11, 15), "Bsv2 or Dsv5", _LIST),
    Ending(
        "F, Fs and Fsv2 series", r"standard_f\d+(-\d+)?s?(_v2)?(_promo)?", date(2028, 11, 15), "Fasv6 or Dsv5", _LIST
    ),
    Ending("G and Gs series", r"standard_gs?\d+(-\d+)?", date(2028, 11, 15), "Esv5", _LIST),
    Ending("Lsv2 series", r"standard_l\d+s_v2", date(2028, 11, 15), "Lsv3", _LIST),
    Ending(
        "DCsv3 and DCdsv3 series",
        r"standard_dc\d+d?s_v3",
        date(2029, 10, 31),
        "DCasv6",
        _SERIES + "dcsv3-series-retirement",
    ),
)
AGENTS = (
    Ending(
        "Ubuntu 20.04",
        r"batch\.node\.ubuntu 20\.04",
        date(2025, 4, 23),
        "Ubuntu 24.04",
        "https://github.com/Azure/Batch/issues/174",
    ),
    Ending(
        "Ubuntu 22.04",
        r"batch\.node\.ubuntu 22\.04",
        date(2027, 6, 30),
        "Ubuntu 24.04",
        "https://github.com/Azure/Batch/issues/200",
    ),
)


def size_ending(vm_size: str) -> Ending | None:
    """The row of a VM size's series."""
    return next((row for row in SIZES if row.fits(vm_size)), None)


def image_ends(node_agent: str, listed: datetime | None) -> date | None:
    """When an image ends: what the account lists, or the table's row of its node agent where that is earlier."""
    known = [row.ends for row in AGENTS if row.fits(node_agent)] + ([listed.date()] if listed else [])
    return min(known, default=None)


def is_near(ends: date, today: date) -> bool:
    """Past, or within 180 days."""
    return ends - today <= SOON


def worded(ends: date, today: date) -> str:
    """`ended on 2026-09-30`, or `ends on 2027-05-31, in 190 days`."""
    days = (ends - today).days
    return f"ended on {ends}" if days < 0 else f"ends on {ends}, in {days} days"
