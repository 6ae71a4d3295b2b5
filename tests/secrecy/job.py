"""The job that is run to see where secrets go: every way in which a node is given something."""

from __future__ import annotations

from tests.loop.ground import Container
from tests.wired.place import Place

MANIFEST = """
version: 1
labels: {team: a}
container:
  image: localhost/app:1
  args: ["$(BATCHDROP_TASK_INDEX)"]
  environment: {A: b}
  secrets: {PASSWORD: task-password}
config: data/config.json
reference: [{name: db, from: reference/db/}]
input: {blob: data/in.txt}
split: {by: lines, tasks: 3}
failure: {tolerated: "50%"}
limits: {maxTaskRetryCount: 1}
logs: all
retention: {otherwise: PT0S}
"""


def fails_once(container: Container) -> int:
    """The second task fails, and says so; preparations end well."""
    if "BATCHDROP_TASK_ID" not in container.env:
        return 0
    if container.args[0] == "1":
        container.stderr = "it went wrong"
        return 1
    container.write(container.read())
    return 0


MOUNTED = MANIFEST.replace("{blob: data/in.txt}", "{blobs: 'data/*.txt'}").replace(
    "split: {by: lines, tasks: 3}", "compute: {staging: mount}\nmerge: {by: lines}"
)
"""The same for each blob, with containers mounted."""


def prepared(place: Place, manifest: str = MANIFEST) -> None:
    place.put("data/in.txt", b"".join(b"line %d\n" % number for number in range(40)))
    place.put("data/config.json", b"{}")
    place.put("data/other.txt", b"not this job's")
    place.put("reference/db/x", b"x")
    place.drop(manifest)
