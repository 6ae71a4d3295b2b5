"""The parser of manifests and policies fed by atheris, which looks for bytes that reach new code: `make fuzz`.

Whatever comes: a manifest, or problems that say where, which rule, and what to do. Anything else ends the run, with
the bytes in a file. Arguments are libFuzzer's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris  # type: ignore[import-not-found] # installed by `make fuzz` alone

with atheris.instrument_imports(include=["shared.manifest", "shared.policy", "shared.globs"]):
    from shared.errors import Rejected
    from shared.policy import parse_policy
    from tests.manifest.test_any_bytes import TEXTS, read

NAMES = ("a.yaml", "a.json")


def one_input(raw: bytes) -> None:
    """The first byte chooses the reader."""
    if not raw:
        return
    choice, raw = raw[0] % 3, raw[1:]
    if choice < 2:
        read(raw, NAMES[choice])
        return
    try:
        parse_policy(raw)
    except Rejected as rejected:
        assert rejected.problems  # noqa: PT017 - both ends are good


def seeds(folder: Path) -> Path:
    """Good manifests to begin with, and the policies that come along."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(TEXTS):
        (folder / f"manifest-{number}").write_bytes(b"\0" + text.encode())
    for number, path in enumerate(("policy.sample.yaml", "local/policy.yaml")):
        (folder / f"policy-{number}").write_bytes(b"\2" + Path(path).read_bytes())
    return folder


if __name__ == "__main__":
    corpus = seeds(Path(".batchdrop/fuzz/corpus"))
    options = ["-max_len=4096", "-timeout=10", "-rss_limit_mb=1024", f"-artifact_prefix={corpus.parent}/"]
    atheris.Setup([sys.argv[0], str(corpus), *options, *sys.argv[1:]], one_input)
    atheris.Fuzz()
