"""Storage is away while a node fetches the reference data: by the real SDK, the node is reimaged and fetches it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from local.batch_emulator.faults import Fault
from local.in_process.exchange import Answer, Sent
from tests.loop.ground import Container
from tests.loop.test_jobs import RANGE, number
from tests.wired.place import Place

MANIFEST = RANGE + "reference: [{name: db, from: reference/db.txt}]\n"
BLIP = timedelta(seconds=20)
OUTAGE = timedelta(days=9)


class Prepared:
    """The image of the tasks; a preparation, which has no input, ends well where its file has come."""

    def __init__(self) -> None:
        self.files: list[bytes] = []

    def __call__(self, container: Container) -> None:
        if "BATCHDROP_UNIT_START" in container.env:
            number(container)
        else:
            self.files.append(container.files["/batchdrop/reference/db/db.txt"])


def placed(away: timedelta) -> tuple[Place, Prepared]:
    """For so long, nodes get no blob of reference data."""
    program = Prepared()
    place = Place(program)
    internet, until = place.services.internet, place.clock.now() + away

    def broken(sent: Sent) -> Answer:
        gone = sent.path.startswith("/reference/") and place.clock.now() < until
        return Answer(503, {}) if gone else internet(sent)

    place.services.nodes.internet = broken
    place.put("reference/db.txt", b"the data")
    place.drop(MANIFEST)
    return place, program


def seen_until_final(place: Place) -> list[str]:
    """What the status said it waits for, in order."""
    said: list[str] = []
    for _ in range(400):
        place.round()
        status = place.status()
        said += [each["message"] for each in status["waiting"] if each["message"] not in said]
        if status["final"]:
            break
        place.pass_time(timedelta(seconds=15))
    return said


def test_a_blip_of_storage_costs_no_job() -> None:
    """Told while it lasts; then the job succeeds, its file on the node, and nothing is left."""
    place, program = placed(BLIP)
    said = seen_until_final(place)
    assert any("fetched again: round 1 of at most 3" in message for message in said), said
    place.settle()
    status = place.status()
    assert (status["state"], status["waiting"], status["cleanup"]["state"]) == ("succeeded", [], "done")
    assert place.blob(status["links"]["result"]) == b"0\n1\n2\n3\n4\n"
    assert set(program.files) == {b"the data"}
    assert place.left() == []


def test_storage_that_stays_away_fails_the_job_by_name() -> None:
    """Each round is told; then NODE_UNUSABLE, with what the node said."""
    place, program = placed(OUTAGE)
    began = place.clock.now()
    said = seen_until_final(place)
    rounds = [number for number in (1, 2, 3) if any(f"round {number} of" in message for message in said)]
    status = place.status()
    assert (rounds, status["failure"]["code"], program.files) == ([1, 2, 3], "NODE_UNUSABLE", [])
    assert "BlobDownloadMiscError" in status["failure"]["message"]
    assert datetime.fromisoformat(status["times"]["verdict"]) - began > timedelta(minutes=15)
    place.settle()
    assert place.left() == []


@pytest.mark.parametrize("code", ["OperationNotValidOnPool", "OperationNotValidOnNode"])
def test_a_batch_that_does_not_reimage_is_told(code: str) -> None:
    """The job ends as it would without: a quarter of an hour, and why beside it."""
    place, _ = placed(OUTAGE)
    batch = place.services.batch.world.faults
    batch.calls.append(Fault("reimage_node", 9, 409, code))
    said = seen_until_final(place)
    assert any(f"Batch does not reimage the node ({code})" in message for message in said), said
    assert place.status()["failure"]["code"] == "NODE_UNUSABLE"
    assert batch.calls[0].times == 8
