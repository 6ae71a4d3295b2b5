"""What a person reads when everything is up: addresses, and lines to copy."""

import sys
from pathlib import Path

from local.stack.host_program import HostKind
from local.stack.stack import Stack

EXAMPLE = Path("examples/wordcount/manifest.yaml")
_UPLOAD = (
    "import os, sys; from azure.storage.blob import BlobClient; "
    'BlobClient.from_connection_string(os.environ["AZURE_STORAGE_CONNECTION_STRING"], "jobs", sys.argv[1])'
    '.upload_blob(open(sys.argv[2], "rb"), overwrite=True)'
)


def announce(stack: Stack, host: HostKind) -> str:
    """The text."""
    environment = _shown(stack.layout.environment)
    name = f"{EXAMPLE.parent.name}.yaml"
    python = _shown(Path(sys.executable))
    lines = [
        *(f"  {each:<9}{url}" for each, url in stack.endpoints.named().items()),
        f"  {'settings':<9}{environment}    {'logs':<5}{_shown(stack.layout.log('*'))}",
        "",
        "Functions host:"
        if host != "none"
        else "Functions host, not started (its settings are in local.settings.json):",
        f"  {func_line(stack)}",
        "",
        "Drop a manifest, with the Azure CLI or with Python:",
        f"  . {environment}; az storage blob upload --overwrite -c jobs -n {name} -f {EXAMPLE}",
        f"  . {environment}; {python} -c '{_UPLOAD}' {name} {EXAMPLE}",
        "",
        "Changes of jobs (Ctrl-C stops everything):",
    ]
    return "\n".join(lines)


def func_line(stack: Stack) -> str:
    """How Core Tools are started beside this stack, in the checkout."""
    port = stack.endpoints.host.rsplit(":", 1)[1]
    return f". {_shown(stack.layout.environment)}; func start --port {port}"


def _shown(path: Path) -> str:
    """Relative to where the person is, when it is below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
