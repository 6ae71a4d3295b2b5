"""Jobs on the running stack whose containers are mounted: FUSE where this machine has it, else synchronised folders."""

from __future__ import annotations

import json
import random

import pytest

from tests.e2e.conftest import Person

pytestmark = pytest.mark.stack
WORDCOUNT = """
version: 1
container:
  image: localhost/wordcount:1
  args: ["-i", $(INPUT_PATH), "-o", $(OUTPUT_PATH), "-c", $(CONFIG_PATH)]
config: {minimumLength: 2, lowercase: true}
input: {blob: data/staging/text.txt}
split: {by: lines, bytesPerTask: 64KiB}
output: {name: counts/words.csv}
merge: {by: csv, reduce: {by: [word], sum: [count]}}
compute: {maxNodes: 2, taskSlotsPerNode: 2}
"""
LISTED = """
version: 1
container:
  image: localhost/wordcount:1
  command: [sh, -c]
  args:
    - |
      set -e
      sed 's/.*"path":"\\([^"]*\\)".*/\\1/' $INPUT_PATH | xargs -d '\\n' cat > $OUTPUT_PATH
      echo kept > $OUTPUT_DIR/notes.txt
      rm $OUTPUT_DIR/notes.txt
      test ! -e $OUTPUT_DIR/notes.txt
input: {blobs: "data/staging/*.txt", exclude: ["**/text.txt"]}
split: {unitsPerTask: 2}
output: {name: all.txt}
merge: {by: concat}
compute: {staging: mount}
"""
DYING = """
version: 1
container:
  image: localhost/wordcount:1
  command: [sh, -c]
  args:
    - |
      if mkdir /batchdrop/tried; then echo half an output, far too long > $OUTPUT_PATH; exit 1; fi
      echo $BATCHDROP_UNIT_START > $OUTPUT_PATH
input: {range: {stop: 3}}
split: {unitsPerTask: 1}
merge: {by: lines}
compute: {staging: mount}
"""


def text() -> str:
    """The same 300 KiB of words each time."""
    chance = random.Random(7)
    words = ["alpha", "Beta", "gamma", "delta's", "x", "größe"]
    return "".join(" ".join(chance.choices(words, k=8)) + "\n" for _ in range(6500))


def outcome(person: Person, path: str) -> tuple[bytes, dict[str, object]]:
    """The result's bytes, and result.json; the job succeeded and left nothing."""
    status = person.cleaned(path)
    assert (status["state"], status["complete"]) == ("succeeded", True), json.dumps(status["failure"])
    assert person.left(status["jobId"]) == []
    content = person.read(status["links"]["result"])
    return content, json.loads(person.read(f"results/{status['jobId']}/result.json"))


@pytest.fixture(scope="module")
def dropped(person: Person) -> Person:
    """All jobs of this page, side by side."""
    person.put("data/staging/text.txt", text())
    for name in ("a", "b", "c d"):
        person.put(f"data/staging/{name}.txt", f"{name}\n")
    person.drop("staged.yaml", WORDCOUNT)
    person.drop("mounted.yaml", WORDCOUNT.replace("{maxNodes: 2,", "{staging: mount, maxNodes: 2,"))
    person.drop("listed.yaml", LISTED)
    person.drop("dying.yaml", DYING)
    return person


def test_the_wordcount_example_gives_the_same_bytes_either_way(dropped: Person) -> None:
    """Transferred or mounted, image and manifest the same: one result, with one hash."""
    transferred, mounted = outcome(dropped, "staged.yaml"), outcome(dropped, "mounted.yaml")
    assert transferred[0] == mounted[0]
    assert transferred[0].startswith(b"word,count\n")
    for name in ("units", "tasks"):
        assert transferred[1][name] == mounted[1][name]
    assert transferred[1]["result"]["hash"] == mounted[1]["result"]["hash"]  # type: ignore[index]  # a JSON object


def test_mounted_blobs_are_read_where_they_are(dropped: Person) -> None:
    """List files name paths below the mount; scratch files beside the output may come and go."""
    assert outcome(dropped, "listed.yaml")[0] == b"a\nb\nc d\n"


def test_half_an_output_of_a_dying_attempt_is_not_merged(dropped: Person) -> None:
    """Every first attempt writes too much into the mount and fails; the second one's output is the result."""
    assert outcome(dropped, "dying.yaml")[0] == b"0\n1\n2\n"
