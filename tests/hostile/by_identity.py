"""The services in identity mode: pools come from Azure Resource Manager, and nodes get at blobs by what they are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from azure.storage.blob import ContainerSasPermissions, generate_container_sas

from local.in_process.exchange import Answer, Sent
from tests.contract.batch_ground import ACCOUNT, NODE_IDENTITY
from tests.loop.ground import Program
from tests.wired.services import BATCH, DEVELOPMENT_ACCOUNT, Keys, Services

ARM = "/subscriptions/"
"""How the paths begin that Resource Manager answers; it shares a host with Batch here."""
KEYS = ("BATCHDROP_BATCH_KEY_SECRET", "BATCHDROP_WORK_KEY_SECRET")


class IdentityServices(Services):
    """As `Services`; the Function App has neither Batch's key nor the work account's."""

    def __init__(self, program: Program, keys: Keys | None = None) -> None:
        super().__init__(program, keys)
        self.nodes.internet = self._as_node
        self.batch.world.url = f"https://{BATCH}"

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in super().environment().items() if name not in KEYS}
        account = f"/subscriptions/{ACCOUNT.subscription}/resourceGroups/{ACCOUNT.group}"
        return own | {
            "BATCHDROP_BATCH_ENDPOINT": f"https://{BATCH}",
            "BATCHDROP_BATCH_ACCOUNT_ID": f"{account}/providers/Microsoft.Batch/batchAccounts/{DEVELOPMENT_ACCOUNT}",
            "BATCHDROP_NODE_IDENTITY": NODE_IDENTITY,
            "BATCHDROP_ARM_ENDPOINT": f"https://{BATCH}",
        }

    def _as_node(self, sent: Sent) -> Answer:
        """A node's role on the work account; the store knows signatures only, so it is written as one."""
        account = self.work.account
        signature = generate_container_sas(
            account.name,
            sent.path.split("/")[1],
            account.key,
            permission=ContainerSasPermissions(read=True, write=True, create=True, list=True),
            expiry=self.clock.now() + timedelta(hours=1),
        )
        return self.internet(replace(sent, query="&".join(each for each in (sent.query, signature) if each)))
