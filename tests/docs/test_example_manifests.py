"""The manifests that people copy from are manifests."""

import re
from pathlib import Path

import pytest
import yaml

from shared.manifest.parse import parse_manifest
from shared.policy import Policy, parse_policy

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = sorted(ROOT.glob("examples/*/manifest.yaml"))


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The local stack's own."""
    return parse_policy((ROOT / "local" / "policy.yaml").read_bytes())


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_example_is_accepted(path: Path, policy: Policy) -> None:
    """An example's manifest is accepted as it is under the local stack's policy, without a warning."""
    manifest = parse_manifest(path.read_bytes(), f"{path.parent.name}.yaml", policy)
    assert manifest.name == path.parent.name
    assert manifest.warnings == ()


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_example_names_the_image_that_its_dockerfile_makes(path: Path) -> None:
    """The image of the manifest is the one on the first line of the Dockerfile beside it."""
    first = (path.parent / "Dockerfile").read_text().splitlines()[0]
    assert first == f"# image: {yaml.safe_load(path.read_bytes())['container']['image']}"


def test_readme_example_is_accepted(policy: Policy) -> None:
    """The manifest in the README is accepted where the policy allows its registry."""
    block = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    assert len(block) == 1
    raw = block[0].replace("myregistry.azurecr.io", "localhost").encode()
    shown = parse_manifest(raw, "wordcount.yaml", policy)
    example = parse_manifest((ROOT / "examples/wordcount/manifest.yaml").read_bytes(), "wordcount.yaml", policy)
    slots = shown.compute.model_copy(update={"slots": example.compute.slots})
    assert shown.model_copy(update={"compute": slots}) == example
