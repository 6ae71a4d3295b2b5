"""What goes wrong on a node, in the service's codes."""

import errno

from local.batch_emulator.execution import Failure

# Codes whose cause lies with the user; every other one is the server's.
_USER_CODES = frozenset(
    {
        "FailureExitCode",
        "BlobNotFound",
        "BlobAccessDenied",
        "CommandProgramNotFound",
        "CommandLaunchFailed",
        "ContainerInvalidImage",
        "ContainerInvalidRegistry",
        "ContainerInvalidSettings",
        "FileUploadAccessDenied",
        "FileUploadConflict",
        "FileUploadContainerNotFound",
        "ResourceContainerAccessDenied",
        "ResourceContainerNotFound",
        "MountConfigurationError",
        "TaskEnded",
    }
)


class Problem(Exception):
    """An attempt cannot go on. `code` is one of the service's task failure codes."""

    def __init__(self, code: str, message: str, **details: str) -> None:
        """Keep the code and the details, which travel as name and value pairs."""
        super().__init__(message)
        self.code = code
        self.details = tuple(details.items())

    @property
    def failure(self) -> Failure:
        """The failure as the service shows it."""
        category = "usererror" if self.code in _USER_CODES else "servererror"
        return Failure(category, self.code, str(self), self.details)


def disk_problem(error: OSError, code: str) -> Problem:
    """Give the problem for a file that cannot be written: DiskFull, or `code` for any other reason."""
    full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    return Problem("DiskFull" if full else code, f"{error.filename}: {error.strerror}")
