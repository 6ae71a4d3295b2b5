"""A job by the SDK of the generation before: run by a Python that has azure-batch 14, prints what it saw as JSON."""

import datetime
import json
import sys
import time

from azure.batch import BatchServiceClient, models
from azure.batch.batch_auth import SharedKeyCredentials


def main(url, account, key):
    client = BatchServiceClient(SharedKeyCredentials(account, key), url)
    machine = models.VirtualMachineConfiguration(
        image_reference=models.ImageReference(publisher="microsoft-dsvm", offer="ubuntu-hpc", sku="2204"),
        node_agent_sku_id="batch.node.ubuntu 22.04",
    )
    client.pool.add(
        models.PoolAddParameter(
            id="old", vm_size="Standard_D2s_v3", virtual_machine_configuration=machine, target_dedicated_nodes=1
        )
    )
    client.job.add(models.JobAddParameter(id="old", pool_info=models.PoolInformation(pool_id="old")))
    retries = models.TaskConstraints(max_task_retry_count=1, max_wall_clock_time=datetime.timedelta(minutes=5))
    tasks = [
        models.TaskAddParameter(id=f"t{number:03}", command_line=f"/bin/echo {number}", constraints=retries)
        for number in range(150)
    ]
    client.task.add_collection("old", tasks)
    end = time.monotonic() + 120
    while client.job.get_task_counts("old").task_counts.completed < len(tasks) and time.monotonic() < end:
        time.sleep(0.2)
    listed = list(client.task.list("old", models.TaskListOptions(filter="state eq 'completed'", max_results=40)))
    text = b"".join(client.file.get_from_task("old", "t007", "stdout.txt")).decode()
    try:
        client.job.add(models.JobAddParameter(id="OLD", pool_info=models.PoolInformation(pool_id="old")))
        refused = None
    except models.BatchErrorException as error:
        refused = error.error.code
    seen = {
        "completed": len(listed),
        "succeeded": client.job.get_task_counts("old").task_counts.succeeded,
        "text": text,
        "refused": refused,
        "nodes": [node.state.value for node in client.compute_node.list("old")],
        "exists": client.pool.exists("old"),
    }
    client.job.terminate("old", terminate_reason="done")
    client.job.delete("old")
    client.pool.delete("old")
    end = time.monotonic() + 60
    while client.pool.exists("old") and time.monotonic() < end:
        time.sleep(0.2)
    sys.stdout.write(json.dumps({**seen, "gone": not client.pool.exists("old")}))


main(*sys.argv[1:])
