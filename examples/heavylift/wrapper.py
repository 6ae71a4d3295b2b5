"""The entry point of the HeavyLift image: gets its work from the environment and hands it to the program.

CONFIG_PATH is the JSON file that describes one lift, DB_PATH the zipped SQLite database with the cranes' load charts,
OUTPUT_PATH the folder for the result, with its closing slash. Its exit code is the program's.

It was made for any container service that sets three variables; it knows nothing of Batchdrop.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

VARIABLES = ("CONFIG_PATH", "DB_PATH", "OUTPUT_PATH")
PROGRAM = Path(__file__).with_name("heavylift.py")


def main() -> int:
    """Run the one lift that the environment names."""
    given = {name: os.environ.get(name, "") for name in VARIABLES}  # noqa: TID251  # this image's own contract
    missing = [name for name, value in given.items() if not value]
    if missing:
        print(f"not set: {', '.join(missing)}", file=sys.stderr)
        return 2
    config = given["CONFIG_PATH"]
    result = given["OUTPUT_PATH"] + Path(config).name.replace("Config_", "Result_")
    # A folder of its own: several tasks may run on one node, and each unzips the database for itself.
    with tempfile.TemporaryDirectory(prefix="heavylift-") as folder:
        database = unzip_database(Path(given["DB_PATH"]), Path(folder))
        return run(config, database, result)


def unzip_database(archive: Path, folder: Path) -> Path:
    """Unpack the archive into `folder`; the path of the one database in it."""
    with zipfile.ZipFile(archive) as packed:
        names = [name for name in packed.namelist() if name.endswith(".db")]
        if len(names) != 1:
            raise ValueError(f"{archive} must hold one .db file; it holds {len(names)}")
        return Path(packed.extract(names[0], folder))


def run(config: str, database: Path, result: str) -> int:
    """The program's exit code; what it prints goes where our own output goes."""
    command = [sys.executable, str(PROGRAM), "--config", config, "--database", str(database), "--result", result]
    return subprocess.run(command, check=False).returncode  # noqa: S603  # an argument list, no shell


if __name__ == "__main__":
    sys.exit(main())
