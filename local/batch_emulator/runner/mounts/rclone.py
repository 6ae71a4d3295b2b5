"""FUSE mounts by rclone: what a task wrote is in the container when it has ended; others' blobs show a second later."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from local.batch_emulator.runner.mounts.uploads import Uploads
from local.batch_emulator.runner.mounts.wanted import CODE, Wanted
from local.batch_emulator.runner.problems import Problem
from local.batch_emulator.supervisor import fusermount

_PROJECT = Path(__file__).resolve().parents[4]
ON_A_LEASH = (
    f"import sys; sys.path.insert(0, {str(_PROJECT)!r}); "
    "from local.batch_emulator.supervisor.leash import main; main(sys.argv[1:])"
)
_OPTIONS = (
    # Closing a file waits for its upload. A cache that writes later loses what a node had not written when it goes.
    # Files that are opened to be appended to or changed are uploaded a moment after the close: `flush` waits for them.
    *("--vfs-cache-mode", "minimal", "--vfs-write-back", "100ms"),
    *("--dir-cache-time", "1s", "--attr-timeout", "1s", "--poll-interval", "0"),
    *("--file-perms", "0777", "--dir-perms", "0777", "--umask", "0"),
    *("--buffer-size", "1M", "--use-server-modtime", "--azureblob-no-check-container"),
)
_SECONDS = 20.0
_UPLOAD_SECONDS = 120.0
_SETTLED_AFTER = 0.03
_LOOK_EVERY = 0.02


def find_program() -> str | None:
    """Give the path of rclone: beside the Python that runs this, or on the PATH (some systems' is too old)."""
    beside = Path(sys.executable).with_name("rclone")
    return str(beside) if beside.is_file() else shutil.which("rclone")


class RcloneMounter:
    """Mounts by the program rclone."""

    name = "rclone"

    def __init__(self, program: str, data: Path) -> None:
        """`data` is a folder for caches and for the stand-in of fusermount3."""
        self._program = program
        self._data = data.resolve()

    def attach(self, wanted: Wanted, folder: Path, stopping: threading.Event) -> "RcloneMount":
        """Mount and return when the folder shows the container. Raises Problem."""
        scratch = Path(tempfile.mkdtemp(prefix="mount-", dir=self._data))
        control = Path(tempfile.mkdtemp(prefix="rclone-")) / "control"
        log = folder.parent / f"blobfuse-{wanted.name}.log"
        words = [self._program, "mount", f"node:{wanted.container}", str(folder), *_OPTIONS]
        words += ["--cache-dir", str(scratch / "cache"), "--config", str(scratch / "none"), "--log-file", str(log)]
        words += ["--rc", "--rc-no-auth", "--rc-addr", f"unix://{control}"]
        words += ["--read-only"] if wanted.readonly else []
        words += ["--allow-other"] if os.geteuid() == 0 else []
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", ON_A_LEASH, *words],
            env=self._environment(wanted),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        mount = RcloneMount(process, folder, scratch, control)
        why = mount.await_mounted(stopping, log)
        if why is not None:
            mount.detach()
            raise Problem(CODE, f"The container {wanted.container} could not be mounted: {why}")
        return mount

    def _environment(self, wanted: Wanted) -> dict[str, str]:
        path = os.environ.get("PATH", os.defpath)
        if shutil.which("fusermount3") is None:
            path = f"{self._stand_in()}{os.pathsep}{path}"
        return {"PATH": path, "RCLONE_CONFIG_NODE_TYPE": "azureblob", "RCLONE_CONFIG_NODE_SAS_URL": wanted.url}

    def _stand_in(self) -> Path:
        place = self._data / "programs"
        script = place / "fusermount3"
        if not script.is_file():
            place.mkdir(parents=True, exist_ok=True)
            words = shlex.join([sys.executable, "-I", "-S", fusermount.__file__])
            script.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
            script.chmod(0o755)
        return place


class RcloneMount:
    """One rclone and the folder it serves."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path, scratch: Path, control: Path) -> None:
        self._process = process
        self._folder = folder
        self._scratch = scratch
        self._control = control

    def await_mounted(self, stopping: threading.Event, log: Path) -> str | None:
        """Give None once the folder shows the container, or why it never will."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline and not stopping.is_set():
            if os.path.ismount(self._folder):
                return None
            if self._process.poll() is not None:
                said = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
                return " ".join(said.split()[-60:]) or f"rclone ended with {self._process.returncode}"
            time.sleep(_LOOK_EVERY)
        return "the node goes" if stopping.is_set() else f"no mount after {_SECONDS:g} s"

    def refresh(self) -> None:
        """Nothing to do: reads go to the container."""

    def flush(self) -> None:
        """Wait until all that was closed is in the container. Raises Problem."""
        deadline, settled = time.monotonic() + _UPLOAD_SECONDS, 0
        try:
            while settled < 2:  # the last close may be on its way to rclone when it is asked first
                waiting = Uploads(self._control).waiting()
                settled = settled + 1 if not waiting else 0
                if time.monotonic() > deadline:
                    raise Problem(
                        "FileUploadMiscError", f"{waiting} files are not uploaded after {_UPLOAD_SECONDS:g} s"
                    )
                time.sleep(_SETTLED_AFTER)
        except OSError as error:
            raise Problem("FileUploadMiscError", f"the mount {self._folder.name} is gone: {error}") from error

    def detach(self) -> None:
        """End rclone, which unmounts; a mount that is left over all the same is taken away."""
        self._process.terminate()
        try:
            self._process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        unmount(self._folder)
        shutil.rmtree(self._scratch, ignore_errors=True)
        shutil.rmtree(self._control.parent, ignore_errors=True)


def unmount(folder: Path) -> None:
    """Take away what is still mounted on a folder, also a mount whose server is dead."""
    if not is_mount_point(folder):
        return
    if os.geteuid() == 0:
        from local.batch_emulator.supervisor import kernel

        kernel.unmount(str(folder))
    else:
        subprocess.run(["fusermount3", "-uz", str(folder)], check=False, capture_output=True)


def is_mount_point(folder: Path) -> bool:
    """Whether something is mounted there; unlike os.path.ismount, also when what serves it is dead."""
    wanted = os.path.abspath(folder)
    return wanted in mount_points()


def mount_points() -> list[str]:
    """Give all mount points, the deepest last."""
    text = Path("/proc/self/mounts").read_text(encoding="utf-8")
    return [line.split(" ")[1].encode().decode("unicode_escape") for line in text.splitlines()]
