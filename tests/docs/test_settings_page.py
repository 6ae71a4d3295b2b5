"""Settings are documented, all of them, and no others."""

import json
import re
from pathlib import Path

from shared.settings import BOUND, READ

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
HOSTS_OWN = {"BATCHDROP_CONTROL__credential", "BATCHDROP_CONTROL__clientId"}
"""Read by the Functions host for its connection, not by the app."""


def settings_in(text: str) -> set[str]:
    return set(re.findall(r"\bBATCHDROP_[A-Z_]+(?:__[a-zA-Z]+)?\b", text))


def table_of_settings() -> str:
    return DEPLOY.partition("### Every setting")[2].partition("\n## ")[0]


def test_every_setting_has_a_row() -> None:
    """The table in docs/deploy.md explains each setting that the app or its bindings read, and no other."""
    first_cells = re.findall(r"^\| (.+?) \|", table_of_settings(), re.MULTILINE)
    named = {name for cell in first_cells for name in settings_in(cell)}
    assert named == READ | BOUND


def test_commands_set_known_settings() -> None:
    """The commands on the page set nothing that the app would refuse as misspelt."""
    assert settings_in(DEPLOY) - HOSTS_OWN == READ | BOUND


def test_schedules_are_those_of_the_sample() -> None:
    """How often the clocks tick in Azure is what the sample settings say, the reaper's minute aside."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    said = dict(re.findall(r'"(BATCHDROP_(?:TICK|SWEEP|REAP))=([^"]+)"', DEPLOY))
    assert said["BATCHDROP_TICK"] == sample["BATCHDROP_TICK"]
    assert said["BATCHDROP_SWEEP"] == sample["BATCHDROP_SWEEP"]
    assert re.fullmatch(r"0 \d+ \* \* \* \*", said["BATCHDROP_REAP"])


def test_subscriptions_name_real_functions() -> None:
    """The functions that events are sent to are functions of the app."""
    functions = set(re.findall(r'@app\.function_name\("(\w+)"\)', (ROOT / "function_app.py").read_text()))
    targets = re.findall(r"Host\.Functions\.(\w+)|/functions/(\w+)", DEPLOY)
    assert {name for pair in targets for name in pair if name} == {"on_drop", "on_tasks_ended"} <= functions
