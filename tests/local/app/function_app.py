"""A small function app that shows what a stack gives to the real one."""

import os

import azure.functions as func
from azure.identity import DefaultAzureCredential
from azure.keyvault.secrets import SecretClient
from azure.storage.blob import ContainerClient

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route(route="secret/{name}", methods=["GET"])
def secret(req: func.HttpRequest) -> func.HttpResponse:
    """A secret of the stack's vault."""
    with DefaultAzureCredential() as credential, SecretClient(os.environ["BATCHDROP_KEY_VAULT"], credential) as vault:
        return func.HttpResponse(vault.get_secret(req.route_params["name"]).value)


@app.event_grid_trigger(arg_name="event")
def on_tasks_ended(event: func.EventGridEvent) -> None:
    """Leave the event's subject in the container `data`."""
    with ContainerClient.from_connection_string(os.environ["BATCHDROP_CONTROL"], "data") as data:
        data.upload_blob(f"events/{event.id}", event.subject)
