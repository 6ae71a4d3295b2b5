"""retry.yaml: the manifest that runs again what a job has left undone. Pure."""

from __future__ import annotations

from datetime import datetime

from shared.names import JobId


def retry_yaml(job: JobId, until: datetime) -> bytes:
    """To be copied into the drop box as it is; says what may be added."""
    return (
        f"# Runs again what failed, was skipped or did not run in {job}, and merges it with what went well.\n"
        f"# Copy it into the container jobs before {until:%Y-%m-%dT%H:%M:%SZ}.\n"
        "# container, config, reference, merge, limits, compute and failure may be added to change them,\n"
        "# field by field; what is not said is as it was.\n"
        f"version: 1\ninput: {{retryOf: {job}}}\n"
    ).encode()


def retry_hint(until: datetime) -> str:
    """The sentence that goes with a result that is not whole."""
    return f" Copy links.retry into jobs/ before {until:%Y-%m-%dT%H:%M:%SZ} to run them again and merge them in."
