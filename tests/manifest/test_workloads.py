"""Six kinds of work that people bring."""

from __future__ import annotations

import pytest

from shared.policy import VmSize
from tests.manifest.making import POLICY, parsed_yaml

WIDE = POLICY.model_copy(
    update={
        "vm_sizes": {name: VmSize(cores=8) for name in ("Standard_D2s_v5", "Standard_D4s_v5", "Standard_F8s_v2")},
        "profiles": {"large": {"vmSize": "Standard_F8s_v2"}, "gpu": {"vmSize": "Standard_D4s_v5", "maxNodes": 2}},
    }
)

SEARCH = """\
version: 1
name: protein-search
labels: {group: proteomics}
container:
  image: contoso.azurecr.io/search:4.1
  command: [searcher]
  args: [--in, $(INPUT_PATH), --db, $(REFERENCE_DIR)/uni/uni, --format, "6", --out, $(OUTPUT_PATH), --threads, "4"]
reference:
  - {name: uni, from: reference/search/uni/}
input: {blob: data/proteins.fasta}
split: {by: fasta, unitsPerTask: 250}
output: {name: found.tsv}
merge: {by: lines, to: "results/search/{date}-{jobId}.tsv"}
compute: {vmSize: Standard_D4s_v5, maxNodes: 40}
failure: {tolerated: "2%"}
"""

SIMULATION = """\
version: 1
name: options
container: {image: "contoso.azurecr.io/sim:2", args: [--rows, $(INPUT_PATH), --to, $(OUTPUT_PATH)]}
config: {steps: 5000, seed: 7}
input: {blob: data/options.csv}
split: {by: csv, unitsPerTask: 500, csv: {header: true, quotedNewlines: false}}
output: {recordsPerUnit: 1}
merge: {by: csv, to: "results/options/{jobId}.csv"}
compute: {vmSize: Standard_F8s_v2, taskSlotsPerNode: 8, maxNodes: 20}
limits: {taskTimeout: PT90M, maxNodeHours: 250}
"""

NIGHTLY = """\
version: 1
name: churn
idempotencyKey: churn-2026-12-01
container: {image: "contoso.azurecr.io/churn:8", args: [-r, $(INPUT_PATH), -w, $(OUTPUT_PATH), -c, $(CONFIG_PATH)]}
config: reference/churn/settings.json
reference:
  - {name: weights, from: reference/churn/weights.tar.gz, unpack: true}
input:
  blob: data/churn/2026-12-01.csv
  waitFor: data/churn/2026-12-01.done
  waitAtMost: PT4H
split: {by: csv, bytesPerTask: 64MiB, csv: {header: true, quotedNewlines: true}}
output: {recordsPerUnit: 1}
merge: {by: csv, to: "data/out/2026-12-01.csv", ifExists: replace}
compute: {profile: large, maxNodes: 30}
limits: {jobTimeout: PT6H, queueTimeout: PT1H}
"""

IMAGES = """\
version: 1
name: previews
container: {image: "contoso.azurecr.io/previews:1", args: [--rows, $(INPUT_PATH), --bad, $(BATCHDROP_FAILED_PATH)]}
input: {blobs: "data/scans/**", exclude: ["**/*.tmp"], expect: {units: 120000}}
split: {unitsPerTask: 150}
output: {name: "{path}.jpg"}
merge: {by: files, to: "data/out/previews/"}
compute: {vmSize: Standard_D4s_v5, taskSlotsPerNode: 4, maxNodes: 10}
failure: {tolerated: "0.25%"}
"""

OLD_IMAGE = """\
version: 1
name: lifting
container:
  image: contoso.azurecr.io/lifting:latest
  workingDirectory: /lifting
  environment:
    CONFIG_PATH: $(INPUT_PATH)
    DATABASE: $(REFERENCE_DIR)/base/lifting.zip
    OUTPUT_PATH: $(OUTPUT_DIR)/
reference:
  - {name: base, from: data/lifting/lifting.zip}
input: {blobs: "data/lifting/settings/set*.json"}
merge:
  by: container
  to: "results/{jobId}/lifting.db"
  container:
    command: [python, /join.py]
    args: [$(INPUT_DIR), -o, $(OUTPUT_PATH)]
    secrets: {PASSWORD: task-sql}
compute: {vmSize: Standard_D2s_v5, maxNodes: 10, spot: true}
limits: {maxTaskRetryCount: 2}
"""

VIDEOS = """\
version: 1
name: tracks
container: {image: "contoso.azurecr.io/tracks:3", args: [$(INPUT_PATH), $(REFERENCE_DIR)/net, $(OUTPUT_PATH)]}
reference:
  - {name: net, from: reference/net/}
input: {blobs: "data/clips/**/*.mp4"}
output: {name: "{stem}.jsonl"}
merge: {by: lines, to: "results/tracks/{jobId}.jsonl"}
compute: {profile: gpu, maxNodes: 8, spot: true, dedicatedAfterPreemptions: 2}
limits: {taskTimeout: PT2H, maxNodeHours: 500}
failure: {tolerated: 10, stopOn: [4]}
canary: true
logs: all
"""


@pytest.mark.parametrize(
    "text",
    [SEARCH, SIMULATION, NIGHTLY, IMAGES, OLD_IMAGE, VIDEOS],
    ids=["search", "simulation", "nightly", "images", "old image", "videos"],
)
def test_each_workload_is_taken(text: str) -> None:
    """Nothing of this version stands in the way of any of the six."""
    assert parsed_yaml(text, WIDE).container.image
