"""What docs/deploy.md sends to Entra and to App Service is what the app asks for, and what these services know."""

import json
import re
from pathlib import Path
from typing import Any

from controller.caller import READS, WRITES
from tests.batch_emulator.bicep_types import Types

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text()


def document(name: str) -> Any:
    """The JSON that the page writes to a file, with the shell's words as they stand."""
    found = re.search(rf"cat > {name} <<END\n(.*?)\nEND\n", PAGE, flags=re.DOTALL)
    assert found is not None, name
    return json.loads(found.group(1))


def test_the_roles_are_those_that_the_app_asks_for() -> None:
    """Both of them, for people and for applications, each with an id of its own."""
    roles = document("roles.json")
    assert [role["value"] for role in roles] == [READS, WRITES]
    assert all(role["isEnabled"] and role["allowedMemberTypes"] == ["User", "Application"] for role in roles)
    assert len({role["id"] for role in roles}) == 2


def test_the_scope_is_open_to_the_cli() -> None:
    """The one application that is authorised beforehand may ask for the scope that is made."""
    api = document("scope.json")["api"]
    (scope,) = api["oauth2PermissionScopes"]
    assert [each["delegatedPermissionIds"] for each in api["preAuthorizedApplications"]] == [[scope["id"]]]


def test_the_authentication_settings_are_of_the_published_form() -> None:
    """The body of the request fits the resource type of its version; the token is for this application alone."""
    version = re.search(r"authsettingsV2\?api-version=([0-9-]+)", PAGE)
    assert version is not None
    properties = document("auth.json")["properties"]
    entra = properties["identityProviders"]["azureActiveDirectory"]
    client = entra["registration"]["clientId"]
    assert entra["validation"]["allowedAudiences"] == [client, f"api://{client}"]
    assert list(properties["identityProviders"]) == ["azureActiveDirectory"]
    types = Types(f"microsoft.web/{version.group(1)}")
    assert types.faults("SiteAuthSettingsV2Properties", properties) == []
