"""The account itself, as ARM shows it: where it answers, and what it may hold."""

from local.batch_emulator.protocol.exchange import Answer, Call
from local.batch_emulator.world import World


def arm_get_account(world: World, call: Call) -> Answer:
    """GET: the account with its quotas; families of VMs have none of their own."""
    quota = world.quota
    properties = {
        "accountEndpoint": world.url.partition("://")[2],
        "provisioningState": "Succeeded",
        "poolAllocationMode": "BatchService",
        "publicNetworkAccess": "Enabled",
        "dedicatedCoreQuota": quota.dedicated,
        "dedicatedCoreQuotaPerVMFamily": [],
        "dedicatedCoreQuotaPerVMFamilyEnforced": False,
        "lowPriorityCoreQuota": quota.low_priority,
        "poolQuota": quota.pools,
        "activeJobAndJobScheduleQuota": quota.jobs,
    }
    return Answer(
        200,
        {
            "id": call.path,
            "name": world.name,
            "type": "Microsoft.Batch/batchAccounts",
            "location": "local",
            "identity": {"type": "None"},
            "properties": properties,
        },
    )
