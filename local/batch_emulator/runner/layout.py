"""The folders of a node: where they are on the host, and what the tasks on it call them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from local.batch_emulator.execution import Launch

REAL_NODE_ROOT = "/mnt/batch/tasks"
_FOLDERS = ("workitems", "shared", "startup", "fsmounts")

# The folders a container can be given one by one, and the variables that name what is in them.
BIND_SOURCES: Mapping[str, tuple[str, ...]] = {
    "Shared": ("AZ_BATCH_NODE_SHARED_DIR",),
    "Startup": ("AZ_BATCH_NODE_STARTUP_DIR",),
    "VfsMounts": ("AZ_BATCH_NODE_MOUNTS_DIR",),
    "Task": ("AZ_BATCH_TASK_DIR", "AZ_BATCH_TASK_WORKING_DIR"),
    "JobPrep": ("AZ_BATCH_JOB_PREP_DIR", "AZ_BATCH_JOB_PREP_WORKING_DIR"),
    "Applications": ("AZ_BATCH_NODE_APPLICATIONS_DIR",),
}


@dataclass(frozen=True)
class Layout:
    """One attempt's folders. `inside` is the node root as the attempt sees it; the host's own path where nothing is
    isolated.
    """

    launch: Launch
    inside: str

    @property
    def task(self) -> Path:
        """The task's folder on the host: stdout.txt, stderr.txt and wd/ are in it."""
        return task_directory(self.launch)

    @property
    def working(self) -> Path:
        """The working directory on the host."""
        return self.task / "wd"

    def make(self) -> None:
        """Create the folders of the node and of the task. What an earlier attempt left in wd stays."""
        for name in _FOLDERS:
            (self.launch.node_root / name).mkdir(parents=True, exist_ok=True)
        self.working.mkdir(parents=True, exist_ok=True)
        for name in ("stdout.txt", "stderr.txt"):
            (self.task / name).write_bytes(b"")

    def seen(self, host: Path) -> str:
        """Give the task's name for a host path under the node root."""
        return str(PurePosixPath(self.inside, host.relative_to(self.launch.node_root).as_posix()))

    def host(self, seen: str) -> Path:
        """Give the host path for a path as a command on the node would write it."""
        path = PurePosixPath(seen)
        if path.is_relative_to(self.inside):
            return self.launch.node_root / path.relative_to(self.inside)
        return Path(seen)

    def variables(self) -> dict[str, str]:
        """Give the AZ_BATCH_* variables of the attempt."""
        launch = self.launch
        found = {
            "AZ_BATCH_ACCOUNT_NAME": launch.account,
            "AZ_BATCH_ACCOUNT_URL": launch.account_url,
            "AZ_BATCH_POOL_ID": launch.pool_id,
            "AZ_BATCH_NODE_ID": launch.node_id,
            "AZ_BATCH_NODE_IS_DEDICATED": str(launch.dedicated).lower(),
            "AZ_BATCH_NODE_ROOT_DIR": self.inside,
            "AZ_BATCH_NODE_SHARED_DIR": self.seen(launch.node_root / "shared"),
            "AZ_BATCH_NODE_STARTUP_DIR": self.seen(launch.node_root / "startup"),
            "AZ_BATCH_NODE_MOUNTS_DIR": self.seen(launch.node_root / "fsmounts"),
            "AZ_BATCH_TASK_DIR": self.seen(self.task),
            "AZ_BATCH_TASK_WORKING_DIR": self.seen(self.working),
        }
        return found | self._job_variables()

    def _job_variables(self) -> dict[str, str]:
        launch, found = self.launch, {}
        if launch.kind == "start" or launch.job_id is None:
            return {}
        found["AZ_BATCH_JOB_ID"] = launch.job_id
        if launch.task_id is not None:
            found["AZ_BATCH_TASK_ID"] = launch.task_id
        if launch.has_job_preparation or launch.kind == "jobpreparation":
            preparation = preparation_directory(launch)
            found["AZ_BATCH_JOB_PREP_DIR"] = self.seen(preparation)
            found["AZ_BATCH_JOB_PREP_WORKING_DIR"] = self.seen(preparation / "wd")
        return found

    def bind_folder(self, source: str) -> Path:
        """Give the host folder behind a `source` of containerHostBatchBindMounts."""
        root = self.launch.node_root
        folders = {
            "Shared": root / "shared",
            "Startup": root / "startup",
            "VfsMounts": root / "fsmounts",
            "Task": self.task,
            "JobPrep": preparation_directory(self.launch),
            "Applications": root / "applications",
        }
        return folders[source]


def task_directory(launch: Launch) -> Path:
    """Give the host folder of a task, of a job preparation or of a start task."""
    if launch.kind == "start":
        return launch.node_root / "startup"
    if launch.kind == "jobpreparation":
        return preparation_directory(launch)
    return _job_directory(launch) / str(launch.task_id)


def preparation_directory(launch: Launch) -> Path:
    """Give the host folder of the job's preparation task on this node."""
    return _job_directory(launch) / "jobpreparation"


def _job_directory(launch: Launch) -> Path:
    return launch.node_root / "workitems" / str(launch.job_id) / "job-1"
