"""What a node can do with the addresses it was given, tried on the store: its own part of its own job, and no more."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from local.in_process.exchange import to
from shared.names import JobId, input_container, output_container
from tests.secrecy.job import MANIFEST, MOUNTED, fails_once, prepared
from tests.secrecy.place import marked_place
from tests.wired.place import Place

ADDED = "batch POST /jobs/*/addtaskcollection"


@dataclass
class Stolen:
    """All signed addresses of a job whose tasks have just been added."""

    place: Place
    job: JobId
    addresses: list[str]
    mounts: dict[str, str]
    """Of mounted containers: what opens them."""

    def ask(self, method: str, path: str, query: str, host: str = "work") -> int:
        """The answer's status."""
        headers = {"x-ms-version": "2023-11-03"} | ({"x-ms-blob-type": "BlockBlob"} if method == "PUT" else {})
        body = b"x" if method == "PUT" else b""
        address = f"http://{host}.blob.localhost{path}?{query}"
        return self.place.services.internet(to(method, address, headers, body)).status

    def below(self, container: str) -> list[tuple[str, str]]:
        """(path, query) of the addresses in a container."""
        parts = [urlsplit(address) for address in self.addresses]
        return [(each.path, each.query) for each in parts if each.path.split("/")[1] == container]


@pytest.fixture
def stolen() -> Stolen:
    return steal(MANIFEST)


def steal(manifest: str) -> Stolen:
    place, record = marked_place(fails_once)
    prepared(place, manifest)
    place.deliver()
    for _ in range(10):
        if any(each.place == ADDED for each in record.exchanges):
            break
        place.tick()
        place.deliver()
    job = JobId(place.status()["jobId"])
    place.work.create_container("bd-other-0123456789ab-output", {})
    place.work.put(input_container(job), "another-part", b"x")
    place.work.put(output_container(job), "t-000000/out", b"x")
    sent = [each.sent.body.decode() for each in record.exchanges if each.place.startswith("batch POST /jobs")]
    found = {address for body in sent for address in re.findall(r'https?://[^"]+', body) if "sig=" in address}
    pools = [json.loads(each.sent.body) for each in record.exchanges if each.place == "batch POST /pools"]
    mounts = [each["azureBlobFileSystemConfiguration"] for pool in pools for each in pool.get("mountConfiguration", [])]
    return Stolen(place, job, sorted(found), {each["containerName"]: each["sasKey"] for each in mounts})


def test_signatures_are_for_this_job_alone(stolen: Stolen) -> None:
    """No other blob, container or account; no listing, no deletion; no reading of outputs, no writing of inputs."""
    job = stolen.job
    others = [
        ("GET", f"/{output_container(job)}/t-000000/out"),
        ("DELETE", f"/{output_container(job)}/t-000000/out"),
        ("GET", f"/{input_container(job)}/another-part"),
        ("PUT", f"/{input_container(job)}/forged"),
        ("GET", "/data/other.txt"),
        ("PUT", "/data/forged"),
        ("PUT", "/bd-other-0123456789ab-output/forged"),
        ("PUT", f"/results/{job}/result.json"),
    ]
    assert len(stolen.addresses) >= 7
    for address in stolen.addresses:
        query, container = urlsplit(address).query, urlsplit(address).path.split("/")[1]
        assert {stolen.ask(method, path, query) for method, path in others} == {403}
        assert stolen.ask("GET", "/batchdrop/policy.yaml", query, "control") == 403
        for listed in (container, output_container(job)):
            assert stolen.ask("GET", f"/{listed}", f"restype=container&comp=list&{query}") == 403
            assert stolen.ask("DELETE", f"/{listed}", f"restype=container&{query}") == 403


def test_inputs_and_sources_can_be_read_and_no_more(stolen: Stolen) -> None:
    """One blob an address: those of the job by its access policy, those of users until a date."""
    ours, users = stolen.below(input_container(stolen.job)), [*stolen.below("data"), *stolen.below("reference")]
    assert len(users) == 2
    for path, query in (*ours, *users):
        assert stolen.ask("GET", path, query) == 200
        assert stolen.ask("PUT", path, query) == 403
        assert stolen.ask("DELETE", path, query) == 403
    assert all("si=batchdrop" in query and "se=" not in query for _, query in ours)
    assert all("sp=r&" in query and "se=" in query and "sr=b" in query for _, query in users)


def test_outputs_can_be_made_until_the_verdict(stolen: Stolen) -> None:
    """A task may write into its job's output container, over others' outputs too; from the verdict on it may not, and
    its inputs are closed as well."""
    ((path, query),) = stolen.below(output_container(stolen.job))
    inputs = stolen.below(input_container(stolen.job))
    assert stolen.ask("PUT", f"{path}/t-000000/out", query) == 201
    stolen.place.drop("", "job.yaml.cancel")
    stolen.place.deliver()
    while not stolen.place.status()["times"]["verdict"]:
        stolen.place.round()
    stolen.place.round()
    assert stolen.ask("PUT", f"{path}/t-000000/late", query) in (403, 404, 409)
    assert {stolen.ask("GET", *each) for each in inputs} <= {403, 404, 409}


def test_every_address_is_known_by_its_container(stolen: Stolen) -> None:
    """Nodes are given addresses in the job's two containers, and of the source blobs that the manifest names."""
    containers = {urlsplit(address).path.split("/")[1] for address in stolen.addresses}
    assert containers == {input_container(stolen.job), output_container(stolen.job), "data", "reference"}
    assert {urlsplit(address).netloc for address in stolen.addresses} == {"work.blob.localhost"}


def test_mounts_open_their_containers_alone() -> None:
    """With containers mounted a node lists and reads all of the sources' container, and writes into the job's; nothing
    else, and the job's no more after the verdict."""
    stolen = steal(MOUNTED)
    output = output_container(stolen.job)
    assert set(stolen.mounts) == {output, "data"}
    listing = "restype=container&comp=list&"
    assert stolen.ask("GET", "/data", listing + stolen.mounts["data"]) == 200
    assert stolen.ask("GET", "/data/other.txt", stolen.mounts["data"]) == 200
    assert stolen.ask("PUT", "/data/forged", stolen.mounts["data"]) == 403
    assert stolen.ask("DELETE", "/data/other.txt", stolen.mounts["data"]) == 403
    assert stolen.ask("PUT", f"/{output}/t-000000/x", stolen.mounts[output]) == 201
    for container, query in stolen.mounts.items():
        for other in {"data", output, "reference", "results", "bd-other-0123456789ab-output"} - {container}:
            assert stolen.ask("GET", f"/{other}", listing + query) == 403
            assert stolen.ask("PUT", f"/{other}/forged", query) == 403
        assert stolen.ask("GET", "/batchdrop/policy.yaml", query, "control") == 403
    stolen.place.drop("", "job.yaml.cancel")
    stolen.place.deliver()
    while not stolen.place.status()["times"]["verdict"]:
        stolen.place.round()
    stolen.place.round()
    assert stolen.ask("PUT", f"/{output}/t-000000/late", stolen.mounts[output]) in (403, 404, 409)
