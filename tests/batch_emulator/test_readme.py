"""The emulator's README, followed to the letter."""

import argparse
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.mgmt.batch import BatchManagementClient

from local.batch_emulator.callables import CallableExecution
from local.batch_emulator.clock import DrivenClock
from local.batch_emulator.emulator import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, Emulator
from local.batch_emulator.options import parser
from local.batch_emulator.script import read_script
from local.batch_emulator.server import EmulatorServer
from local.certificates import ensure_certificate
from tests.batch_emulator.ground import Ground
from tests.batch_emulator.test_arm import Credential

BARE = str.maketrans("", "", "{}")
ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "local" / "batch_emulator" / "README.md").read_text()


def example(language: str, containing: str) -> str:
    """The one block of code in a language that holds these words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    (found,) = [block for block in blocks if containing in block]
    return str(found)


def section(heading: str) -> str:
    """What stands below a heading."""
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.fixture(scope="module")
def ready() -> Iterator[tuple[str, str]]:
    """The command of the first example, started; the line that it prints, and the line that is promised."""
    command, promised = example("sh", "--admin").splitlines()
    words = shlex.split(command)
    assert words[0] == "python"
    process = subprocess.Popen(
        [sys.executable, *words[1:]],
        cwd=ROOT,
        env={**os.environ, "BATCH_EMULATOR_RUNNER": "process", "BATCH_EMULATOR_MOUNTS": "synchronised"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip(), promised.removeprefix("# ")
    process.terminate()
    assert process.wait(20) == 0
    process.stdout.close()


def test_the_first_command_gives_the_line_it_promises(ready: tuple[str, str]) -> None:
    """Address, account, runner and mounts, in that form."""
    changing = r"(http://127\.0\.0\.1:)\d+|((?:runner|mounts)=)\S+"
    printed, promised = (re.sub(changing, r"\1\2*", line) for line in ready)
    assert printed == promised


def test_the_first_lines_of_python_make_a_client(ready: tuple[str, str]) -> None:
    """With the address of the ready line."""
    code = example("python", "AzureNamedKeyCredential").replace("http://127.0.0.1:40123", ready[0].split()[3])
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  # the README's own words
    assert list(names["client"].list_pools()) == []
    names["client"].close()


def test_the_lines_for_resource_manager_make_a_pool(tmp_path: Path) -> None:
    """Once; the second time it is there."""
    made = ensure_certificate(tmp_path)
    code = example("python", "BatchManagementClient").replace("ca.pem", str(made.certificate))
    emulator = Emulator(DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY, CallableExecution(lambda _: 0), DrivenClock())
    with EmulatorServer(emulator, certificate=(made.certificate, made.key), secure_port=0) as server:
        names: dict[str, Any] = {
            "BatchManagementClient": BatchManagementClient,
            "MatchConditions": MatchConditions,
            "credential": Credential(),
            "subscription": "s",
            "pool": POOL,
        }
        code = code.replace("https://127.0.0.1:40124", str(server.secure_url))
        exec(code, names)  # noqa: S102  # the README's own words
        assert names["arm"].pool.get("any-group", DEVELOPMENT_ACCOUNT, "p").name == "p"
        with pytest.raises(HttpResponseError) as refused:
            exec(code, names)  # noqa: S102  # as above
        assert refused.value.status_code == 412
        names["arm"].close()


def test_the_lines_for_programs_run() -> None:
    """An account without a program of its own."""
    names: dict[str, Any] = {
        "Emulator": Emulator,
        "EmulatorServer": EmulatorServer,
        "account": DEVELOPMENT_ACCOUNT,
        "key": DEVELOPMENT_KEY,
        "execution": CallableExecution(lambda _: 0),
        "clock": DrivenClock(),
    }
    before = names["clock"].now()
    exec("from datetime import timedelta\n" + example("python", "emulator.tick()"), names)  # noqa: S102  # as above
    assert (names["clock"].now() - before).total_seconds() >= 300


def test_the_script_can_be_read() -> None:
    """Each line of it is a step."""
    text = example("yaml", "do: preempt")
    assert len(read_script(text)) == len(text.splitlines()) == 4


def test_every_option_is_listed_with_its_default() -> None:
    """Those of --help and no others."""
    listed = set(re.findall(r"`(--[a-z-]+)|, `(--[a-z-]+)| (--[a-z]+) ", section("Options").replace("` |", " ` |")))
    told = {name for names in listed for name in names if name}
    known = {action.option_strings[-1] for action in parser()._actions if not isinstance(action, argparse._HelpAction)}
    assert told == known


def test_every_listed_admin_request_is_known(ground: Ground) -> None:
    """Each row is answered as something that is known."""
    rows = re.findall(r"^\| (`.*?) \|", section("Admin API"), flags=re.MULTILINE)
    requested = [each for row in rows for each in re.findall(r"`([A-Z]+) (/\S*)`", row)]
    assert len(requested) >= 15
    for method, path in requested:
        answer = requests.request(method, f"{ground.url}/_admin{path.translate(BARE)}", timeout=20)
        assert answer.json().get("code") != "InvalidUri", answer.text
    assert requests.get(f"{ground.url}/_admin/other", timeout=20).json()["code"] == "InvalidUri"


POOL: dict[str, Any] = {
    "properties": {
        "vmSize": "STANDARD_D2S_V3",
        "deploymentConfiguration": {
            "virtualMachineConfiguration": {
                "imageReference": {"publisher": "microsoft-dsvm", "offer": "ubuntu-hpc", "sku": "2204"},
                "nodeAgentSkuId": "batch.node.ubuntu 22.04",
            }
        },
        "scaleSettings": {"fixedScale": {"targetDedicatedNodes": 0}},
    }
}
