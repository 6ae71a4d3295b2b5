"""Answers to manifests that become no job, or none yet: rejected, a dry run, not judged. Shell over the status
container."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from controller.forecast import forecast
from controller.report import FRESH, problem_document, utc, waiting_of
from controller.retry import forecast_retry
from controller.voice import encode, write_owned
from shared.codes import Code
from shared.errors import Problem
from shared.manifest.models import Manifest
from shared.names import JOBS
from shared.ports import Ports
from shared.record import ManifestRef, Plan, Waiting


def answer_rejected(ports: Ports, reference: ManifestRef, problems: tuple[Problem, ...], now: datetime) -> None:
    """state rejected, with every problem. The same version again writes the same answer."""
    document = blank(reference, "rejected", now)
    document |= {"complete": False, "problems": [problem_document(problem) for problem in problems]}
    write(ports, reference, "rejected", "false", document)


def answer_dry_run(ports: Ports, reference: ManifestRef, manifest: Manifest, plan: Plan, now: datetime) -> None:
    """What the job would be; nothing is made and nothing waited for."""
    document = blank(reference, "accepted", now)
    document |= {
        "dryRun": True,
        "labels": manifest.labels,
        "plan": plan_of(manifest, plan, ports),
        "warnings": [{"code": code, "message": message} for code, message in manifest.warnings],
    }
    write(ports, reference, "accepted", "", document)


def answer_unjudged(ports: Ports, reference: ManifestRef, why: str, now: datetime) -> None:
    """The operator's policy cannot be read, so the manifest is neither taken nor rejected. The metadata names no
    version: to the listing this is no answer, and it comes back."""
    document = blank(reference, "waiting", now)
    waiting = Waiting(
        code=Code.PAUSED,
        message=why,
        next="It is looked at again by itself. Tell the operator: the policy has to be corrected.",
        since=reference.modified,
    )
    document |= {
        "final": False,
        "waiting": [waiting_of(waiting)],
        "cleanup": {"state": "notStarted", "remaining": []},
        "staleAfter": utc(now + FRESH),
    }
    metadata = marks(reference, "waiting", "") | {"manifest_etag": "", "final": "false"}
    write_owned(ports.control, reference.path, metadata, encode(document))


def plan_of(manifest: Manifest, plan: Plan, ports: Ports) -> dict[str, Any]:
    return forecast_retry(manifest, plan, ports) if manifest.input.retry_of else forecast(manifest, plan, ports)


def write(ports: Ports, reference: ManifestRef, state: str, complete: str, document: dict[str, Any]) -> None:
    write_owned(ports.control, reference.path, marks(reference, state, complete), encode(document))


def marks(reference: ManifestRef, state: str, complete: str) -> dict[str, str]:
    """The metadata of an answer that is final."""
    return {
        "manifest_etag": quote(reference.etag),
        "manifest_modified": reference.modified.isoformat(),
        "state": state,
        "final": "true",
        "complete": complete,
        "revision": "0",
    }


def blank(reference: ManifestRef, state: str, now: datetime) -> dict[str, Any]:
    """A status with every key and no job."""
    return {
        "schema": "batchdrop.status/1",
        "manifest": {
            "blob": f"{JOBS}/{reference.path}",
            "etag": reference.etag,
            "sha256": reference.sha256,
            "redelivered": 0,
            "replaces": None,
        },
        "jobId": None,
        "labels": {},
        "state": state,
        "final": True,
        "complete": None,
        "dryRun": False,
        "plan": None,
        "problems": [],
        "warnings": [],
        "waiting": [],
        "tasks": None,
        "units": None,
        "attempts": None,
        "input": None,
        "nodes": None,
        "cost": None,
        "links": None,
        "failure": None,
        "cleanup": {"state": "done", "remaining": []},
        "times": None,
        "updatedAt": utc(now),
        "staleAfter": None,
    }
