"""The examples in real containers: images built from their Dockerfiles as they stand, jobs from drop to result."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import pytest

from local.podman import Podman
from local.stack.stack import Stack
from tests.e2e.conftest import Person
from tests.e2e.workloads.heavylift import HeavyLift
from tests.e2e.workloads.thumbs import Thumbs
from tests.e2e.workloads.wordcount import WordCount

pytestmark = pytest.mark.stack
LIFTS = 2
INSIDE = """
version: 1
container:
  image: "localhost/wordcount:1"
  command: [python3, -c]
  args:
    - |
      import os, sys
      there = [os.path.exists(name) for name in ("/run/.containerenv", "/usr/bin/podman")]
      said = [sys.prefix, os.listdir("/app"), *there]
      open(os.environ["OUTPUT_PATH"], "w").write(repr(said))
input: {range: {stop: 1}}
merge: {by: concat, to: "results/inside.txt"}
"""


@dataclass(frozen=True)
class Work:
    """Four jobs, dropped, and a fifth one that looks around."""

    wordcount: WordCount
    mounted: WordCount
    heavylift: HeavyLift
    thumbs: Thumbs


@pytest.fixture(scope="module")
def work(person: Person, tmp_path_factory: pytest.TempPathFactory) -> Work:
    """The stack does them at the same time."""
    made = Work(
        WordCount(person, tmp_path_factory.mktemp("wordcount")),
        WordCount(person, tmp_path_factory.mktemp("mounted"), size=1, staging="mount"),
        HeavyLift(person, tmp_path_factory.mktemp("heavylift"), lifts=LIFTS),
        Thumbs(person, tmp_path_factory.mktemp("thumbs"), pictures=30, broken=()),
    )
    each = (made.wordcount, made.mounted, made.heavylift, made.thumbs)
    for workload in each:
        workload.drop()
    person.drop("inside.yaml", INSIDE)
    for workload in each:
        workload.feed()
    return made


def test_words_are_counted_in_containers(work: Work) -> None:
    """Some parts of half a MiB, each in a container of its own: the counts of one plain run."""
    work.wordcount.check()


def test_words_are_counted_through_mounts(work: Work) -> None:
    """The containers of input and output are mounted on the node, and the mounts are bound into the container."""
    work.mounted.check()


def test_heavylift_and_its_recombiner_run_in_their_image(work: Work) -> None:
    """Entry point, working directory, a second program and a secret of the same image."""
    work.heavylift.check()


def test_thumbnails_are_made_in_a_container(work: Work) -> None:
    """A list of pictures goes into the container, small pictures in a tree of folders come out."""
    work.thumbs.check()


def test_each_task_had_a_container_of_its_image_and_none_is_left(
    work: Work, person: Person, stack: Stack, podman: Podman
) -> None:
    """Podman's own record of what it started names each image as often as there were runs; its list is empty."""
    for workload in (work.wordcount, work.mounted, work.heavylift, work.thumbs):
        workload.check()
    person.cleaned("inside.yaml")
    log = stack.layout.log("batch").read_text()
    assert re.search(r"ready: .* runner=podman\+", log)
    runs = Counter(podman.started())
    assert runs["localhost/wordcount:1"] == work.wordcount.runs + work.mounted.runs + 1
    assert runs["indatascience.azurecr.io/heavylift:latest"] == LIFTS + 1
    assert runs["contoso.azurecr.io/thumbs:5"] == 1
    assert podman.containers() == []


@pytest.mark.usefixtures("work")
def test_a_task_sees_its_image_and_not_this_machine(person: Person) -> None:
    """Its Python is the image's, its root holds no file of the host, and it is marked as a container."""
    status = person.cleaned("inside.yaml")
    assert status["state"] == "succeeded", status
    assert person.read("results/inside.txt").decode() == repr(["/usr/local", ["wordcount.py"], True, False])
