"""What this host does not run, it names at the start: exit code 2 and one line on standard error."""

import pytest

from local.program import NotReady
from tests.functions_host.ground import Ground

pytestmark = pytest.mark.stack


def _refusal(ground: Ground, *options: str, **settings: str) -> str:
    program = ground.launch(*options, settings={name.replace("_dot_", "."): value for name, value in settings.items()})
    with pytest.raises(NotReady):
        program.wait_ready("^functions host ready", patience=30)
    assert program.exit_code == 2
    return program.printed()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"AzureWebJobs_dot_unsupported_dot_Disabled": ""}, "unsupported: the input binding item of type someday"),
        ({"TICK": "0 99 * * * *"}, "tick.timer: schedule '0 99 * * * *': '99' is no minute"),
        ({"TICK": ""}, "tick.timer: schedule: %TICK% has no value; add the setting TICK"),
        ({"AzureFunctionsJobHost__surprise": "1"}, "host.json: surprise is not supported"),
    ],
)
def test_a_wrong_setting_is_named(ground: Ground, settings: dict[str, str], text: str) -> None:
    """The message names the function or the setting, and the fix."""
    assert text in _refusal(ground, **settings)
