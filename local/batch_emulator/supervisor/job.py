"""What the supervisor is told to run, as it travels in a JSON file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class Mount:
    """One step in building a root folder; `target` is a path inside it.

    bind: `sources[0]` appears at `target`, read-only or not, with what is mounted below it.
    overlay: `sources` (topmost first) appear as one at `target`; what is written there is thrown away at the end.
    link: a symbolic link to `sources[0]`. dir: a folder. tmpfs: memory of `option` bytes. proc: /proc of the new
    processes. An `optional` one is left out when its source has gone since it was planned.
    """

    kind: Literal["bind", "overlay", "link", "dir", "tmpfs", "proc"]
    target: str
    sources: tuple[str, ...] = ()
    readonly: bool = False
    option: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Job:
    """One command and how it is to be run.

    `mounts` is None for a command that runs on the files of the host as they are; otherwise `stage` is an empty folder
    to build the root in. `cleanup` ends what the command has handed to an engine, when it must end early. `user` is a
    uid or a name, or either with a group behind a colon. `refusals` are the exit codes by which a program that starts
    the real command says that it could not, when one of its last lines on stderr begins with `refusal_prefix`.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    stdout: str
    stderr: str
    mounts: tuple[Mount, ...] | None = None
    stage: str = ""
    user: str | None = None
    private_network: bool = False
    private_ipc: bool = False
    make_folder: bool = False
    cleanup: tuple[str, ...] = ()
    refusals: tuple[int, ...] = ()
    refusal_prefix: str = ""

    def write(self, path: Path) -> None:
        """Write the job for the supervisor; readable by its owner only, as environments hold secrets."""
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_job(path: str) -> Job:
    """Give the job that was written to a file, and delete the file."""
    file = Path(path)
    given: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    file.unlink()
    mounts = given.pop("mounts")
    steps = None if mounts is None else tuple(Mount(**{**each, "sources": tuple(each["sources"])}) for each in mounts)
    words = {name: tuple(given[name]) for name in ("argv", "cleanup", "refusals")}
    return Job(**{**given, **words, "mounts": steps})
