"""Virtual environments with foreign clients, made once below .tools/clients."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[3]
_TOOLS = _ROOT / ".tools" / "clients"
VARIABLE = "BATCHDROP_TEST_CLIENTS"
opt_in = pytest.mark.skipif(os.environ.get(VARIABLE) != "1", reason=f"{VARIABLE}=1 (make test-clients) asks for it")


def environment(name: str, *requirements: str) -> Path:
    """Give the folder of programs of an environment with these packages, made when it is not there yet."""
    place, wanted = _TOOLS / name, "\n".join(requirements)
    stamp = place / "requirements.txt"
    if not stamp.is_file() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        subprocess.run([str(place / "bin/python"), "-m", "pip", "install", "-q", *requirements], check=True)
        stamp.write_text(wanted)
    return place / "bin"
