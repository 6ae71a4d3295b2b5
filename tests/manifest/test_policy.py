"""The policy file, its checks, and its defaults under manifests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Rejected
from shared.policy import Caps, Policy, VmSize, parse_policy
from tests.manifest.making import ABSENT, POLICY, parsed, problems, told

ROOT = Path(__file__).parents[2]

FULL = """\
version: 1
images: ["contoso.azurecr.io/*"]
read: ["data/**"]
write: ["results/**"]
secrets: [task-sql]
pools: [shared]
profiles: {gpu: {vmSize: Standard_NC4as_T4_v3, maxNodes: 4}}
vmSizes: {Standard_D2s_v5: {cores: 2, price: 0.096, spotPrice: 0.019}, Standard_L96s: {cores: 96}}
currency: USD
pricesAsOf: 2026-11-01
caps: {maxNodes: 4, jobsPerDay: 100, nodeHoursPerDay: 500}
defaults: {compute: {vmSize: Standard_D2s_v5}, labels: {team: none}}
paused: true
"""


def policy_problems(text: str) -> list[tuple[str, str]]:
    """(path, rule) of each problem of a policy."""
    try:
        parse_policy(text.encode())
    except Rejected as rejected:
        return told(rejected.problems)
    return []


def test_every_field_of_a_policy_is_read() -> None:
    """What the operator writes is what bounds manifests."""
    assert parse_policy(FULL.encode()) == Policy(
        images=("contoso.azurecr.io/*",),
        read=("data/**",),
        write=("results/**",),
        secrets=("task-sql",),
        pools=("shared",),
        profiles={"gpu": {"vmSize": "Standard_NC4as_T4_v3", "maxNodes": 4}},
        vm_sizes={
            "Standard_D2s_v5": VmSize(cores=2, price=0.096, spot_price=0.019),
            "Standard_L96s": VmSize(cores=96),
        },
        currency="USD",
        prices_as_of="2026-11-01",
        caps=Caps(max_nodes=4, jobs_per_day=100, node_hours_per_day=500),
        defaults={"compute": {"vmSize": "Standard_D2s_v5"}, "labels": {"team": "none"}},
        paused=True,
    )


def test_an_empty_policy_allows_nothing() -> None:
    """Deny by default: image, input and machine are refused, each by its own rule."""
    found = told(problems({"input.blob": "data/x.txt"}, parse_policy(b"version: 1\n")))
    assert found == [
        ("container.image", "policyImage"),
        ("input.blob", "policyRead"),
        ("compute.vmSize", "policyVmSize"),
    ]


@pytest.mark.parametrize("name", ["policy.sample.yaml", "local/policy.yaml"])
def test_the_policies_that_come_along_are_good(name: str) -> None:
    """The sample and the local stack's policy are valid and allow something."""
    policy = parse_policy((ROOT / name).read_bytes())
    assert policy.images
    assert policy.read
    assert policy.vm_sizes


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("version: 2", [("version", "range")]),
        ("image: []", [("image", "unknownField")]),
        ("images: a/*", [("images", "type")]),
        ("read: [1]", [("read[0]", "type")]),
        ("write: ['']", [("write[0]", "pattern")]),
        ("secrets: ['']", [("secrets[0]", "range")]),
        ("vmSizes: {A: {}}", [("vmSizes.A.cores", "required")]),
        ("vmSizes: {A: {cores: 0}}", [("vmSizes.A.cores", "range")]),
        ("vmSizes: {A: {cores: 2, price: -1}}", [("vmSizes.A.price", "range")]),
        ("vmSizes: {'a b': {cores: 2}}", [("vmSizes.a b", "pattern")]),
        ("vmSizes: [A]", [("vmSizes", "type")]),
        ("currency: dollars", [("currency", "pattern")]),
        ("pricesAsOf: yesterday", [("pricesAsOf", "pattern")]),
        ("caps: {maxNodes: 0}", [("caps.maxNodes", "range")]),
        ("caps: {nodeHoursPerDay: -5}", [("caps.nodeHoursPerDay", "range")]),
        ("profiles: {a: {size: 1}}", [("profiles.a.size", "unknownField")]),
        ("profiles: {a: {maxNodes: x}}", [("profiles.a.maxNodes", "type")]),
        ("defaults: {compute: {maxNode: 1}}", [("defaults.compute.maxNode", "unknownField")]),
        ("defaults: {limits: {taskTimeout: 1h}}", [("defaults.limits.taskTimeout", "duration")]),
        ("defaults: {canary: 1}", [("defaults.canary", "type")]),
        ("defaults: []", [("defaults", "type")]),
        ("paused: no", [("paused", "type")]),
    ],
)
def test_a_wrong_policy_is_refused_with_every_problem(line: str, found: list[tuple[str, str]]) -> None:
    """An operator's slip is told by path and rule, before any manifest meets it."""
    head = "" if line.startswith("version") else "version: 1\n"
    assert policy_problems(f"{head}{line}\n") == found


def test_partial_defaults_are_fine() -> None:
    """Defaults need no image and no source; they fill what a manifest leaves out."""
    assert (
        policy_problems("version: 1\ndefaults: {container: {args: [a]}, split: {unitsPerTask: 5}, merge: {csv: {}}}")
        == []
    )


@given(st.binary(max_size=200))
def test_any_bytes_give_a_policy_or_a_rejection(raw: bytes) -> None:
    """A broken policy never breaks the controller."""
    try:
        parse_policy(raw)
    except Rejected as rejected:
        assert rejected.problems  # noqa: PT017 - both ends are good; which one depends on the bytes


def with_defaults(**defaults: Any) -> Policy:
    return POLICY.model_copy(update={"defaults": defaults})


def test_defaults_stand_in_for_what_is_not_said() -> None:
    """The manifest wins field by field; maps of labels are joined."""
    policy = with_defaults(
        compute={"vmSize": "Standard_F64s_v2", "spot": False},
        labels={"team": "x", "cost": "y"},
        limits={"taskTimeout": "PT1M"},
    )
    manifest = parsed({"compute": {"taskSlotsPerNode": 100}, "labels": {"team": "mine"}}, policy)
    assert (manifest.compute.vm_size, manifest.compute.slots, manifest.compute.spot) == ("Standard_F64s_v2", 100, False)
    assert manifest.labels == {"team": "mine", "cost": "y"}
    assert manifest.limits.task_timeout.total_seconds() == 60
    assert parsed({"compute.spot": True}, policy).compute.vm_size == "Standard_D2s_v5"


def test_a_default_size_gives_way_to_any_size_that_is_said() -> None:
    """Sizes exclude one another: saying one silences a default of another kind, and so with sources."""
    policy = with_defaults(split={"tasks": 5}, input={"blob": "data/x.txt"})
    split = parsed({"split.unitsPerTask": 2}, policy).split
    assert (split.units_per_task, split.tasks) == (2, None)
    assert parsed({}, policy).input.kind == "items"
    assert parsed({"input": ABSENT}, policy).input.blob == "data/x.txt"


def test_a_default_that_does_not_go_with_the_manifest_is_not_used() -> None:
    """Defaults for one kind of job do not get in the way of another kind."""
    policy = with_defaults(
        split={"by": "lines", "bytesPerTask": "1MiB"},
        merge={"csv": {"header": False}, "reduce": {"by": ["a"], "sum": ["b"]}},
        output={"recordsPerUnit": 1},
        input={"exclude": ["**/x"], "deliver": "environment"},
    )
    manifest = parsed({"input.blob": "data/in.txt", "merge.by": "concat"}, policy)
    assert (manifest.merge.reduce, manifest.output.records_per_unit) == (None, None)
    assert (manifest.input.exclude, manifest.input.deliver) == ((), "file")
    assert parsed({}, policy).split.bytes_per_task is None


def test_a_problem_of_a_default_names_the_policy() -> None:
    """Who did not write the value is told who did; it has no place in the file."""
    found = problems({}, with_defaults(compute={"maxNodes": 0}, failure={"tolerated": "200%"}))
    assert told(found) == [("compute.maxNodes", "range"), ("failure.tolerated", "range")]
    assert all("policy's defaults" in each.message and each.line is None for each in found)
    assert "policy.yaml" in found[0].fix


def test_defaults_obey_the_policy_too() -> None:
    """A default is no way around the lists."""
    found = problems({"compute": ABSENT}, with_defaults(compute={"vmSize": "Standard_Big"}, config="secret/x.json"))
    assert sorted(told(found)) == [("compute.vmSize", "policyVmSize"), ("config", "policyRead")]


def test_more_nodes_than_the_cap_are_refused() -> None:
    """A cap bounds what is asked for."""
    capped = POLICY.model_copy(update={"caps": Caps(max_nodes=4)})
    assert told(problems({"compute.maxNodes": 5}, capped)) == [("compute.maxNodes", "policyCap")]


def test_folders_and_globs_must_be_readable_as_a_whole() -> None:
    """One readable blob in a folder does not open the folder."""
    narrow = POLICY.model_copy(update={"read": ("data/a/**", "data/*.txt")})
    assert parsed({"input.blobs": "data/a/*.png"}, narrow)
    assert parsed({"input.blobs": "data/x*.txt"}, narrow)
    assert told(problems({"input.blobs": "data/*"}, narrow)) == [("input.blobs", "policyRead")]
    reference = {"reference": [{"name": "a", "from": "data/"}]}
    assert told(problems(reference, narrow)) == [("reference[0].from", "policyRead")]


@pytest.mark.parametrize(
    "container", ["jobs", "status", "batchdrop", "azure-webjobs-secrets", "bd-x-0123456789ab-output"]
)
def test_reserved_containers_stay_closed(container: str) -> None:
    """Not even a policy that allows everything opens the controller's own containers."""
    everything = POLICY.model_copy(update={"read": ("**",), "write": ("**",)})
    assert not everything.allows_read(f"{container}/x")
    assert not everything.allows_write(f"{container}/x")
    assert not everything.allows_reading_all(f"{container}/**")
    assert told(problems({"input.blobs": f"{container}/**"}, everything)) == [("input.blobs", "reservedContainer")]
    assert told(problems({"merge.to": f"{container}/x"}, everything)) == [("merge.to", "reservedContainer")]


def test_the_jobs_own_folder_needs_no_leave() -> None:
    """A policy without `write` still lets every job keep its result where the contract puts it."""
    closed = POLICY.model_copy(update={"write": ()})
    assert parsed({}, closed).merge.publish
    assert parsed({"merge.to": "results/{jobId}/mine.csv"}, closed).merge.publish
    assert told(problems({"merge.to": "results/mine.csv"}, closed)) == [("merge.to", "policyWrite")]
