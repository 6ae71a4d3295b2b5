"""What a person reads about a job, from status documents as they are written."""

import json

import pytest
from azure.storage.blob import BlobServiceClient

from local.azurite import Azurite
from local.stack.job_watch import CONTAINER, JobWatch, describe

BLAST = {
    "jobId": "bd-blast-1",
    "tasks": {"total": 10, "running": 2, "succeeded": 7, "failed": 1, "skipped": 0},
    "links": {"result": None},
}


def test_a_running_job_in_one_line() -> None:
    """State, id and tasks, and what is zero is left out."""
    assert describe("a/blast.yaml", {**BLAST, "state": "running"}).text == (
        "a/blast.yaml: running  bd-blast-1  7/10 tasks (2 running, 1 failed)"
    )


def test_a_rejected_manifest_shows_where_and_how_to_mend_it() -> None:
    """Line, field, message and fix of every problem."""
    problem = {"path": "input", "line": 7, "rule": "exactlyOne", "message": "Two inputs.", "fix": "Keep one."}
    line = describe("x.yaml", {"state": "rejected", "final": True, "jobId": None, "problems": [problem]})
    assert line.text == "x.yaml: rejected\n    line 7, input: Two inputs. Keep one."
    assert line.final


def test_a_final_job_shows_result_failure_and_clean_up() -> None:
    """The result's path, why it failed, and whether everything is gone."""
    done = {"state": "succeeded", "final": True, "links": {"result": "results/x.csv"}, "cleanup": {"state": "done"}}
    assert describe("x.yaml", done).text == "x.yaml: succeeded  -> results/x.csv\n    clean-up: done"
    failed = {"state": "failed", "final": True, "failure": {"code": "MERGE", "message": "Headers differ."}}
    assert describe("x.yaml", failed).text == "x.yaml: failed\n    failed, MERGE: Headers differ."


@pytest.mark.stack
def test_only_changes_are_told(azurite: Azurite) -> None:
    """A status written again without news is not told again; a new state is."""
    watch = JobWatch(azurite.connection_string)
    with BlobServiceClient.from_connection_string(azurite.connection_string) as blobs:
        container = blobs.create_container(CONTAINER)

        def write(state: str, updated: str) -> None:
            document = {**BLAST, "state": state, "updatedAt": updated}
            container.upload_blob("watch/x.yaml.json", json.dumps(document), overwrite=True)

        write("accepted", "1")
        assert [line.state for line in watch.changes()] == ["accepted"]
        assert list(watch.changes()) == []
        write("accepted", "2")
        assert list(watch.changes()) == []
        write("running", "3")
        assert [(line.manifest, line.state) for line in watch.changes()] == [("watch/x.yaml", "running")]
        container.delete_container()
    watch.close()
