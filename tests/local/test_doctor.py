"""What the doctor finds worth a look; the command itself runs in the end-to-end test of identity mode."""

from __future__ import annotations

from datetime import date, timedelta

from local.doctor import Finding, of_accounts, of_api, of_http, of_images, of_quotas, of_sizes, of_table
from shared.policy import Policy, VmSize
from shared.ports import ImageSeen, Quotas
from shared.retirement import CHECKED
from shared.settings import read_settings
from tests.fakes.world import make_world
from tests.settings.test_settings import KEYLESS, sample

TODAY = date(2028, 1, 10)


def looks(findings: list[Finding]) -> list[str]:
    """What deserves a look."""
    return [finding.text for finding in findings if finding.wrong]


def test_sizes_that_end_soon_are_named() -> None:
    """Of the policy's sizes, the one that ends within half a year; a policy without sizes lets no job run."""
    sizes = {name: VmSize(cores=2) for name in ("Standard_D2_v2", "Standard_F2s_v2", "Standard_D2s_v5")}
    found = list(of_sizes(Policy(vm_sizes=sizes), TODAY))
    assert len(found) == 3
    (told,) = looks(found)
    assert told.startswith("VM size Standard_D2_v2: the D, Ds, Dv2 and Dsv2 series ends on 2028-05-01, in 112 days")
    assert looks(list(of_sizes(Policy(), TODAY))) == ["policy: it names no VM size, so no job can run"]


def test_an_image_that_ends_soon_is_named() -> None:
    """The image that jobs get, with the day that the account gives it."""
    world = make_world()
    ends = world.clock.now() + timedelta(days=100)
    image = ImageSeen("a", "b", "c", "batch.node.ubuntu 24.04", ("DockerCompatible",), verified=True, ends=ends)
    world.batch.images_supported = (image,)
    (told,) = looks(list(of_images(world.ports)))
    assert told.startswith("image a:b:c: support by Batch ends on ")


def test_an_account_that_holds_nothing_is_named() -> None:
    """A quota of zero is what new accounts have; unknown ones are no finding."""
    found = list(of_quotas(Quotas(pools=100, jobs=None, dedicated_cores=0, spot_cores=20)))
    assert [finding.text for finding in found] == [
        "quota of pools: 100",
        "quota of dedicated cores: 0: ask Azure for more",
        "quota of spot cores: 20",
    ]
    assert looks(found) == ["quota of dedicated cores: 0: ask Azure for more"]
    assert looks(list(of_quotas(None))) == []


def test_a_table_that_nobody_has_looked_through_is_named() -> None:
    """Half a year after the last check newer announcements may be missing."""
    assert looks(list(of_table(CHECKED + timedelta(days=180)))) == []
    (told,) = looks(list(of_table(CHECKED + timedelta(days=181))))
    assert "a newer version may know more" in told


def test_one_account_for_everything_is_named() -> None:
    """Locally control and work are one account; in Azure they should be two."""
    assert len(looks(list(of_accounts(read_settings(sample()))))) == 1
    assert list(of_accounts(read_settings(KEYLESS))) == []


def test_the_api_that_is_spoken_stays() -> None:
    """The installed SDK speaks a version of which no end is announced."""
    assert not of_api().wrong


def test_who_may_call_is_told() -> None:
    """By key, or by Entra; whether App Service Authentication is on is known to the app itself alone."""
    entra = sample() | {"BATCHDROP_HTTP_AUTH": "entra"}
    found = [of_http(read_settings(each).http) for each in (sample(), entra, entra | {"WEBSITE_AUTH_ENABLED": "True"})]
    assert [each.wrong for each in found] == [False] * 3
    assert found[0].text == "HTTP: by function key"
    assert "not known here" in found[1].text
    assert found[2].text.endswith("Authentication: on")
