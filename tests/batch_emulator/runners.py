"""The runners that work on this machine, as fixtures import them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from local.batch_emulator.runner import NoRunner, choose_execution
from local.batch_emulator.runner.node_execution import NodeExecution
from tests.batch_emulator.node import Node, write_script


class Executions:
    """One execution for each runner, tried once for all tests; None for a runner that does not work."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds an images file for each runner."""
        self.folder = folder
        self._known: dict[str, NodeExecution | str] = {}

    def get(self, runner: str) -> NodeExecution:
        """Give the execution of a runner; skips the test with the reason where there is none."""
        if runner not in self._known:
            self._known[runner] = self._choose(runner)
        found = self._known[runner]
        if isinstance(found, str):
            pytest.skip(found)
        return found

    def images(self, runner: str) -> Path:
        """Give the file of images of a runner."""
        return self.folder / f"{runner}.json"

    def close(self) -> None:
        """Close them all and look whether anything was left."""
        for name, execution in self._known.items():
            if isinstance(execution, NodeExecution):
                execution.close()
                assert not (self.folder / name / "scratch").exists()

    def _choose(self, runner: str) -> NodeExecution | str:
        try:
            return choose_execution(self.images(runner), self.folder / runner, runner)
        except NoRunner as why:
            return str(why)


@pytest.fixture(scope="session")
def executions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Executions]:
    """The executions of this machine."""
    found = Executions(tmp_path_factory.mktemp("runners"))
    yield found
    found.close()


@pytest.fixture(params=["process", "unshare", "bwrap"])
def any_node(request: pytest.FixtureRequest, executions: Executions, tmp_path: Path) -> Node:
    """A node by every runner that needs no engine and works here, with the image `app` in its file."""
    return make_node(executions, request.param, tmp_path)


@pytest.fixture(params=["process", "unshare"])
def node(request: pytest.FixtureRequest, executions: Executions, tmp_path: Path) -> Node:
    """A node by the plainest runner and by the best one without an engine."""
    return make_node(executions, request.param, tmp_path)


@pytest.fixture(params=["unshare", "bwrap"])
def isolated_node(request: pytest.FixtureRequest, executions: Executions, tmp_path: Path) -> Node:
    """A node by each runner that gives commands a root of their own."""
    return make_node(executions, request.param, tmp_path)


@pytest.fixture
def process_node(executions: Executions, tmp_path: Path) -> Node:
    """A node by the runner that works everywhere."""
    return make_node(executions, "process", tmp_path)


def make_node(executions: Executions, runner: str, folder: Path) -> Node:
    """A node by one runner, its image file begun anew."""
    node = Node(executions.get(runner), folder / "node", executions.images(runner), folder / "app")
    node.images.unlink(missing_ok=True)
    write_script(node.app / "app/run.sh", 'echo "words: $*"\necho "folder: $(pwd)"\necho "COLOUR=$COLOUR"\n')
    write_script(node.app / "usr/local/bin/shout", 'echo "shouting $*"\n')
    (node.app / "app/data.txt").write_text("from the image\n")
    node.add_image(
        "app:latest",
        node.app,
        entrypoint=["/bin/sh", "/app/run.sh"],
        cmd=["by", "default"],
        env={"COLOUR": "red", "SHAPE": "round"},
        workdir="/app",
    )
    return node
