"""What Azure takes away is told in time."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AccessToken, AzureNamedKeyCredential
from azure.mgmt.batch import BatchManagementClient

from controller.retiring import with_retiring
from shared.codes import Warn
from shared.manifest.models import Compute, SideContainer, Split
from shared.ports import ImageSeen
from shared.retirement import AGENTS, CHECKED, OLDEST_API, SIZES, Ending, image_ends, is_near, size_ending, worded
from tests.builders import a_manifest
from tests.loop.ground import Ground
from tests.loop.test_jobs import RANGE

ROWS = (*SIZES, *AGENTS)
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "retirement.md").read_text()
TODAY = date(2028, 1, 10)
NOW = datetime(2028, 1, 10, tzinfo=UTC)


def image(agent: str = "batch.node.ubuntu 24.04", ends: datetime | None = None) -> ImageSeen:
    return ImageSeen("microsoft-dsvm", "ubuntu-hpc", "2404", agent, ("DockerCompatible",), verified=True, ends=ends)


@pytest.mark.parametrize(
    ("vm_size", "series"),
    [
        ("Standard_D2", "D, Ds, Dv2 and Dsv2"),
        ("STANDARD_D2_V2", "D, Ds, Dv2 and Dsv2"),
        ("standard_ds14-4_v2", "D, Ds, Dv2 and Dsv2"),
        ("Standard_A4m_v2", "Av2 and Amv2"),
        ("Standard_B1ls", "B series"),
        ("Standard_F72s_v2", "F, Fs and Fsv2"),
        ("Standard_L8s_v2", "Lsv2"),
        ("Standard_NC24rs_v3", "NCv3"),
        ("Standard_NV12s_v3", "NVv3"),
        ("Standard_NV16as_v4", "NVv3 and NVv4"),
        ("Standard_HB120-64rs_v2", "HBv2"),
        ("Standard_HC44rs", "HC"),
        ("Standard_M192idms_v2", "M192"),
        ("Standard_DC4ds_v3", "DCsv3"),
    ],
)
def test_a_size_belongs_to_its_series(vm_size: str, series: str) -> None:
    """A size is found whatever its case, its constrained cores and its features."""
    row = size_ending(vm_size)
    assert row is not None
    assert series in row.what


@pytest.mark.parametrize(
    "vm_size",
    [
        *("Standard_D2s_v5", "Standard_D2_v3", "Standard_D4ads_v5", "Standard_DC4as_v5", "Standard_B2s_v2"),
        *("Standard_F4as_v6", "Standard_L8s_v3", "Standard_NC4as_T4_v3", "Standard_NV6ads_A10_v5", "Standard_E4s_v3"),
        *("Standard_HB120rs_v3", "Standard_M64s", "Standard_NC24ads_A100_v4", "standard_d2s_v5", ""),
    ],
)
def test_other_sizes_are_left_alone(vm_size: str) -> None:
    """A newer series whose name looks alike has no end here."""
    assert size_ending(vm_size) is None


def test_rows_of_long_ago_are_removed() -> None:
    """A row two years past its day is of no use to anybody: take it out, and look the others through."""
    long_ago = CHECKED - timedelta(days=2 * 365)
    assert [row.what for row in ROWS if row.ends < long_ago] == []
    assert datetime.now(UTC).date() >= CHECKED


def test_the_page_shows_the_table() -> None:
    """docs/retirement.md has the same rows in the same order, each with its source, and the day of the last check."""
    shown = re.findall(r"^\| (.+?) \| (\d{4}-\d\d-\d\d) \| (.+?) \| \[.+?\]\((.+?)\) \|$", PAGE, re.MULTILINE)
    assert shown == [(row.what, str(row.ends), row.instead, row.source) for row in ROWS]
    assert f"**{CHECKED}**" in PAGE
    assert f"before {OLDEST_API}" in PAGE


def test_the_sdks_speak_a_version_that_stays() -> None:
    """The installed clients of Batch and of its management are not among the versions that are announced to end."""

    class Nobody:
        def get_token(self, *_: str, **__: object) -> AccessToken:
            raise AssertionError

    with BatchClient("https://x.invalid", AzureNamedKeyCredential("x", "eA==")) as data:
        assert data._config.api_version >= OLDEST_API
    with BatchManagementClient(Nobody(), "s") as arm:
        assert arm._config.api_version >= OLDEST_API


def test_half_a_year_before() -> None:
    """What ends is told from 180 days before on, and after its day."""
    row = Ending("x", "x", TODAY, "y", "https://z.invalid")
    assert not is_near(row.ends, TODAY - timedelta(days=181))
    assert is_near(row.ends, TODAY - timedelta(days=180))
    assert is_near(row.ends, TODAY + timedelta(days=1))
    assert worded(TODAY, TODAY - timedelta(days=3)) == "ends on 2028-01-10, in 3 days"
    assert worded(TODAY, TODAY + timedelta(days=1)) == "ended on 2028-01-10"


def test_the_earlier_end_of_an_image_counts() -> None:
    """The account's own date and the table's are both known; the earlier one is told."""
    assert image_ends("batch.node.ubuntu 22.04", datetime(2027, 1, 1, tzinfo=UTC)) == date(2027, 1, 1)
    assert image_ends("batch.node.ubuntu 22.04", None) == date(2027, 6, 30)
    assert image_ends("batch.node.ubuntu 24.04", None) is None


def test_a_job_is_warned_once_of_sizes_and_image() -> None:
    """One warning names every size of the job, a splitter's too, and the image; a second look adds none."""
    splitter = Split(by="container", container=SideContainer(vm_size="Standard_D2_v2"))
    asked = a_manifest(split=splitter, compute=Compute(vm_size="Standard_F2s_v2"))
    ends = datetime(2028, 3, 1, tzinfo=UTC)
    (warned,) = with_retiring((), asked, image(ends=ends), NOW)
    assert warned.code == Warn.RETIRING
    assert "Standard_D2_v2: the D, Ds, Dv2 and Dsv2 series ends on 2028-05-01, in 112 days. Use" in warned.message
    assert "microsoft-dsvm:ubuntu-hpc:2404: support by Batch ends on 2028-03-01" in warned.message
    assert warned.message.endswith("The Batch account lists no newer one that fits.")
    assert "F2s" not in warned.message
    assert with_retiring((warned,), asked, image(ends=ends), NOW) == (warned,)
    assert with_retiring((), asked, image(), NOW - timedelta(days=400)) == ()


def test_the_status_carries_the_warning() -> None:
    """A person reads it in the status of his job, as soon as its pool is asked for; the job goes on."""
    ground = Ground()
    kept = ground.world.batch.images_supported
    ends = ground.world.clock.now() + timedelta(days=90)
    ground.world.batch.images_supported = tuple(ImageSeen(**{**vars(each), "ends": ends}) for each in kept)
    ground.drop(RANGE)
    (warning,) = ground.status()["warnings"]
    assert warning["code"] == "RETIRING"
    assert "in 90 days" in warning["message"]
