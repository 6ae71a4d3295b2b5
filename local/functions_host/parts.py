"""One function for each kind of trigger: from its functions to what they add to the host."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from local.functions_host.admin import MakeCall
from local.functions_host.blob_lease import BlobLease
from local.functions_host.blob_message import BlobMessage
from local.functions_host.blob_receipts import Receipts
from local.functions_host.blob_scan import BlobScanner, ContainerScan, Delivery, Watcher
from local.functions_host.blob_trigger import SCAN, BlobTriggers, blob_queue_options, scan_key, source_of
from local.functions_host.connections import HOST_STORAGE
from local.functions_host.ground import Ground, Part
from local.functions_host.indexing import IndexedFunction
from local.functions_host.loop import Step
from local.functions_host.path_template import trigger_path
from local.functions_host.queue_listener import Place, QueueListener
from local.functions_host.queue_trigger import QueueTrigger, queue_listener
from local.functions_host.schedule import is_more_than_once_a_minute, read_schedule
from local.functions_host.timer_status import TimerMonitor
from local.functions_host.timer_trigger import Timer, TimerListener
from local.functions_host.webhooks import BlobWebhook, EventGridTriggers, event_call

Functions = Sequence[IndexedFunction]
_SCAN_INTERVAL = 10.0


def queue_part(ground: Ground, functions: Functions) -> Part:
    """A listener for each queue function."""
    part = Part()
    for function in functions:
        trigger = QueueTrigger(function, ground.invoker, ground.config.queues.message_encoding)
        listener = queue_listener(trigger, function, ground.connections, ground.config.queues)
        part.add(_listening(ground, f"Host.Queues.{function.name}", listener))
        part.calls[function.name] = trigger.call
    return part


def timer_part(ground: Ground, functions: Functions) -> Part:
    """A listener with its lock for each timer function."""
    part = Part()
    timers = [_timer(ground, function) for function in functions]
    for timer in timers:
        name = timer.function.name
        blob = ground.hosts().get_blob_client(f"locks/{ground.host_id}/{timer.function.id}.Listener")
        lease = BlobLease(blob, round(ground.config.listener_lock_period))
        part.steps.append(Step(f"Host.Timers.{name}", TimerListener(timer, lease, ground.invoker).step))
        part.leases.append(lease)
        part.calls[name] = _by_hand(timer)
    return part


def blob_part(ground: Ground, functions: Functions) -> Part:
    """One scan for each watched container, one queue and one webhook for all blob functions."""
    part = Part()
    if not functions:
        return part
    hosts = ground.hosts()
    queue = ground.connections.queues("", HOST_STORAGE).get_queue_client(f"azure-webjobs-blobtrigger-{ground.host_id}")
    triggers = BlobTriggers(functions, ground.connections, ground.invoker)
    listener = QueueListener(Place(queue, triggers.poison), triggers, blob_queue_options(ground.config))
    part.add(_listening(ground, "Host.Blobs.Queue", listener))
    part.webhooks["blobs"] = BlobWebhook(_sender(ground, queue))
    part.calls |= {function.name: _on_blob(triggers, function) for function in functions}
    triggers.scans = _scans(ground, hosts, [function for function in functions if source_of(function) == SCAN], queue)
    if triggers.scans:
        interval = min(_SCAN_INTERVAL, ground.options.poll or _SCAN_INTERVAL)
        part.steps.append(Step("Host.Blobs.Scan", BlobScanner(list(triggers.scans.values()), interval).step))
    return part


def event_grid_part(ground: Ground, functions: Functions) -> Part:
    """The webhook of all Event Grid functions."""
    part = Part()
    if functions:
        part.webhooks["eventgrid"] = EventGridTriggers(functions, ground.invoker)
        part.calls |= {function.name: _on_event(function) for function in functions}
    return part


def _listening(ground: Ground, name: str, listener: QueueListener) -> Part:
    ground.watch.listen(listener.queue, listener.waker)
    return Part(steps=[Step(name, listener.step, listener.waker)], queues=[listener])


def _timer(ground: Ground, function: IndexedFunction) -> Timer:
    trigger = function.trigger
    schedule = read_schedule(trigger.required("schedule"), trigger.where)
    monitor = None
    if trigger.flag("useMonitor", default=True) and not is_more_than_once_a_minute(schedule, datetime.now(UTC)):
        blob = ground.hosts().get_blob_client(f"timers/{ground.host_id}/{function.id}/status")
        monitor = TimerMonitor(blob, schedule)
    return Timer(function, schedule, monitor, trigger.flag("runOnStartup", default=False))


def _scans(
    ground: Ground, hosts: ContainerClient, functions: Functions, queue: QueueClient
) -> dict[str, ContainerScan]:
    delivery = Delivery(Receipts(hosts, ground.host_id), _sender(ground, queue))
    by_container: dict[str, list[IndexedFunction]] = {}
    for function in functions:
        by_container.setdefault(scan_key(function, ground.connections), []).append(function)
    return {key: _scan(ground, hosts, watching, delivery) for key, watching in by_container.items()}


def _scan(ground: Ground, hosts: ContainerClient, functions: Functions, delivery: Delivery) -> ContainerScan:
    trigger = functions[0].trigger
    container, _ = trigger_path(trigger.required("path"), trigger.where)
    service = ground.connections.blobs(trigger.text("connection"), trigger.where)
    mark = hosts.get_blob_client(f"blobscaninfo/{ground.host_id}/{service.account_name}/{container}/scanInfo")
    watchers = [_watcher(function) for function in functions]
    return ContainerScan(service.get_container_client(container), watchers, delivery, mark)


def _watcher(function: IndexedFunction) -> Watcher:
    return Watcher(function.id, trigger_path(function.trigger.required("path"), function.trigger.where)[1])


def _sender(ground: Ground, queue: QueueClient) -> Callable[[BlobMessage], None]:
    return lambda message: ground.watch.send(queue, message.text())


def _by_hand(timer: Timer) -> MakeCall:
    return lambda _: timer.call_by_hand()


def _on_blob(triggers: BlobTriggers, function: IndexedFunction) -> MakeCall:
    return lambda text: triggers.call(function, text)


def _on_event(function: IndexedFunction) -> MakeCall:
    return lambda text: event_call(function, json.loads(text))
