"""Answers to manifests that become no job: rejected, or a dry run. Shell over the status container."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from controller.forecast import forecast
from controller.report import problem_document, utc
from controller.retry import forecast_retry
from controller.voice import encode, write_owned
from shared.errors import Problem
from shared.manifest.models import Manifest
from shared.names import JOBS
from shared.ports import Ports
from shared.record import ManifestRef, Plan


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


def plan_of(manifest: Manifest, plan: Plan, ports: Ports) -> dict[str, Any]:
    return forecast_retry(manifest, plan, ports) if manifest.input.retry_of else forecast(manifest, plan, ports)


def write(ports: Ports, reference: ManifestRef, state: str, complete: str, document: dict[str, Any]) -> None:
    metadata = {
        "manifest_etag": quote(reference.etag),
        "manifest_modified": reference.modified.isoformat(),
        "state": state,
        "final": "true",
        "complete": complete,
        "revision": "0",
    }
    write_owned(ports.control, reference.path, metadata, encode(document))


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
