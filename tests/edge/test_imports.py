"""The edge costs nothing until it is used: a Function App must be up within seconds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import shared.azure

FOLDER = Path(shared.azure.__file__).parent
EAGER = {"transport"}
"""Loads the HTTP stack by purpose; it is imported where a client is built."""


def test_no_sdk_is_loaded_by_importing_the_edge() -> None:
    """Importing every port leaves all SDKs unloaded."""
    modules = [f"shared.azure.{path.stem}" for path in FOLDER.glob("*.py") if path.stem not in EAGER | {"__init__"}]
    assert "shared.azure.blobs" in modules
    code = f"import sys, {', '.join(modules)}; print(*sorted(n for n in sys.modules if n.startswith('azure')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
