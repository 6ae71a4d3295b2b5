"""What a manifest holds where its file says nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from shared.manifest.models import Limits, Manifest, Retention, Tolerance
from shared.manifest.parse import parse_manifest
from shared.manifest.units import unit_kind
from shared.policy import Caps
from tests.manifest.making import POLICY, parsed

TEXT = {"input.blob": "data/in.txt"}
BLOBS = {"input.blobs": "data/photos/**"}
PROMISED = {"input.blob": "data/in.csv", "split.csv": {"quotedNewlines": False}}


def test_the_smallest_manifest_has_every_default() -> None:
    """Nothing is left open: every number of the contract stands in the manifest."""
    manifest = parsed({})
    assert (manifest.name, manifest.on_replace, manifest.dry_run, manifest.config) == ("job", "continue", False, None)
    assert manifest.input.wait_at_most == timedelta(minutes=10)
    assert manifest.compute.max_nodes == 10
    assert manifest.compute.spot
    assert manifest.compute.dedicated_after_preemptions == 3
    assert (manifest.limits, manifest.retention, manifest.tolerated) == (Limits(), Retention(), Tolerance())
    assert manifest.warnings == ()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("genomics/blast.yaml", "blast"),
        ("Blast_NT v2.yml", "blast-nt-v2"),
        ("a.b.json", "a-b"),
        ("--.yaml", "job"),
        ("日本.yaml", "job"),
        (f"{'x' * 39}-y.yaml", "x" * 39),
    ],
)
def test_the_name_comes_from_the_file(path: str, name: str) -> None:
    """A manifest without a name is called after its file, as a slug of at most 40 characters."""
    raw = b'{"version": 1, "container": {"image": "contoso.azurecr.io/a:1"}, "input": {"items": []}, '
    raw += b'"compute": {"vmSize": "Standard_D2s_v5"}}'
    assert parse_manifest(raw, path, POLICY).name == name


@pytest.mark.parametrize(
    ("changes", "by", "name", "to"),
    [
        (TEXT, "lines", "output.txt", "results/{jobId}/{name}{ext}"),
        (TEXT | {"merge.by": "csv"}, "csv", "output.csv", "results/{jobId}/{name}{ext}"),
        (TEXT | {"merge.by": "json"}, "json", "output.json", "results/{jobId}/{name}{ext}"),
        (TEXT | {"merge.by": "concat"}, "concat", "output.txt", "results/{jobId}/{name}{ext}"),
        (TEXT | {"merge.by": "files"}, "files", "output.txt", "results/{jobId}/files/"),
        ({"input.blob": "data/in", "split.by": "lines", "merge.by": "concat"}, "concat", "output", None),
        ({}, "concat", "output", "results/{jobId}/{name}{ext}"),
        ({"input.range": {"stop": 5}}, "concat", "output", None),
        ({"input.sweep": {"a": [1]}}, "concat", "output", None),
        (BLOBS, "files", "{stem}{ext}", "results/{jobId}/files/"),
        ({"input.blobs": "data/*.png"}, "files", "{stem}.png", "results/{jobId}/files/"),
        (BLOBS | {"merge.by": "csv"}, "csv", "{stem}.csv", "results/{jobId}/{name}{ext}"),
        (TEXT | {"output.name": "hits{ext}"}, "lines", "hits.txt", "results/{jobId}/{name}{ext}"),
    ],
)
def test_merge_and_output_follow_from_the_input(changes: dict[str, Any], by: str, name: str, to: str | None) -> None:
    """Who says only the input gets the merge, the file name and the place that go with it."""
    manifest = parsed(changes)
    assert (manifest.merge.by, manifest.output.name) == (by, name)
    assert manifest.merge.publish
    if to:
        assert manifest.merge.to == to


@pytest.mark.parametrize("changes", [{"merge.by": "none"}, {"merge.to": "none"}, BLOBS | {"merge.to": "none"}])
def test_nothing_is_published_where_none_is_said(changes: dict[str, Any]) -> None:
    """`none`, as way of merging or as place, publishes nothing."""
    manifest = parsed(changes)
    assert (manifest.merge.to, manifest.merge.publish) == (None, False)


@pytest.mark.parametrize(
    ("changes", "units", "tasks"),
    [
        ({}, 1, None),
        (BLOBS, 1, None),
        ({"input.sweep": {"a": [1]}}, 1, None),
        ({"split.tasks": 3}, None, 3),
        (BLOBS | {"split.tasks": 3}, None, 3),
        (TEXT, None, None),
        ({"input.range": {"stop": 5}}, None, None),
    ],
)
def test_small_things_get_a_task_each(changes: dict[str, Any], units: int | None, tasks: int | None) -> None:
    """Items, blobs and combinations run alone unless a size is said; one blob and a range are cut by the planner."""
    split = parsed(changes).split
    assert (split.units_per_task, split.tasks) == (units, tasks)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, "items"),
        (BLOBS, "blobs"),
        (TEXT, "bytes"),
        (TEXT | {"split.tasks": 4}, "bytes"),
        ({"input.blob": "data/in.csv"}, "csv rows"),
        ({"input.blob": "data/in.csv", "split.bytesPerTask": "1MiB"}, "csv rows"),
        (PROMISED, "bytes"),
        (PROMISED | {"split.tasks": 4}, "bytes"),
        (PROMISED | {"split.unitsPerTask": 4}, "csv rows"),
        ({"input.blob": "data/in.json", "split.tasks": 4}, "json elements"),
        ({"input.blob": "data/in.fa"}, "bytes"),
        ({"input.blob": "data/in.fa", "split.unitsPerTask": 4}, "fasta records"),
        ({"input.blob": "data/in.fq"}, "bytes"),
        ({"input.blob": "data/in.fq", "split.unitsPerTask": 4}, "fastq records"),
        ({"input.blob": "data/in", "split.by": "bytes"}, "bytes"),
        ({"input.blob": "data/in", "split.by": "bytes", "split.unitsPerTask": 4}, "records"),
        (TEXT | {"split.bytesPerTask": "1MiB"}, "bytes"),
        (TEXT | {"split.unitsPerTask": 4}, "lines"),
        (TEXT | {"split.unitsPerTask": 4, "split.bytesPerTask": "1MiB"}, "lines"),
        ({"input.range": {"stop": 5}}, "numbers"),
        ({"input.sweep": {"a": [1]}}, "combinations"),
    ],
)
def test_what_a_unit_is(changes: dict[str, Any], kind: str) -> None:
    """One blob has bytes for units where small reads can cut it and no count is asked for; all else is counted."""
    assert unit_kind(parsed(changes)) == kind


@pytest.mark.parametrize(
    ("suffixes", "by", "merge", "output"),
    [
        (("txt", "log", "jsonl", "ndjson", "TXT", "jsonl.gz"), "lines", "lines", "output.txt"),
        (("csv", "tsv", "csv.gz", "TSV.GZ"), "csv", "csv", "output.csv"),
        (("json", "json.gz"), "json", "json", "output.json"),
        (("fasta", "fa", "fna", "faa"), "fasta", "concat", "output.{suffix}"),
        (("fastq", "fq"), "fastq", "concat", "output.{suffix}"),
    ],
)
def test_the_extension_of_the_input_tells_how_to_cut_and_merge(
    suffixes: tuple[str, ...], by: str, merge: str, output: str
) -> None:
    """What the name of the blob says is taken, in any case, and behind it a `.gz`; the merge follows the split."""
    for suffix in suffixes:
        manifest = parsed({"input.blob": f"data/in.{suffix}"})
        assert (manifest.split.by, manifest.merge.by) == (by, merge)
        assert manifest.output.name == output.format(suffix=suffix)


def test_a_table_with_tabs_is_merged_with_tabs() -> None:
    """The dialect of the split is that of the merge, where nothing else is said."""
    for name in ("in.tsv", "in.tsv.gz"):
        manifest = parsed({"input.blob": f"data/{name}", "split.csv": {"header": False}})
        assert manifest.split.csv.delimiter == manifest.merge.csv.delimiter == "\t"
        assert not manifest.merge.csv.header
    assert parsed({"input.blob": "data/in.tsv", "split.csv": {"delimiter": ";"}}).merge.csv.delimiter == ";"


def test_a_range_is_delivered_by_the_environment() -> None:
    """A range makes no files unless the manifest wants them."""
    assert parsed({"input.range": {"stop": 5}}).input.deliver == "environment"
    assert parsed({}).input.deliver == "file"


def test_the_default_number_of_nodes_bows_to_the_cap() -> None:
    """Who does not ask for a number of nodes is not rejected for it."""
    capped = POLICY.model_copy(update={"caps": Caps(max_nodes=4)})
    assert parsed({}, capped).compute.max_nodes == 4
    assert parsed({"compute.maxNodes": 3}, capped).compute.max_nodes == 3


@pytest.mark.parametrize(
    ("image", "warned"),
    [("a", True), ("a:1", False), (f"a@sha256:{'0' * 64}", False), ("b/a", True)],
)
def test_an_image_without_a_tag_is_warned_of(image: str, warned: bool) -> None:
    """No tag means that two tasks may run two versions: a warning, no refusal."""
    warnings = parsed({"container.image": f"contoso.azurecr.io/{image}"}).warnings
    assert [code for code, _ in warnings] == (["NO_TAG"] if warned else [])


def test_a_manifest_survives_being_stored() -> None:
    """The frozen plan holds the manifest as JSON; reading it back gives the same one."""
    manifest = parsed(TEXT | {"failure.tolerated": "1%", "config": {"a": [1, 2.5, None]}})
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


@pytest.mark.parametrize(("blob", "by", "name"), [("a.csv.gz", "csv", "output.csv"), ("a.fa.GZ", "fasta", "output.fa")])
def test_a_packed_blob_has_the_extension_of_what_it_holds(blob: str, by: str, name: str) -> None:
    """`.gz` tells neither how to split nor what comes out: the extension before it does."""
    manifest = parsed({"input.blob": f"data/{blob}"})
    assert (manifest.split.by, manifest.output.name) == (by, name)
