"""A small app with one function of each kind; each leaves what it saw in the table of the test: a blob container."""

import json
import logging
import os
import time
import uuid

import azure.functions as func
from azure.storage.blob import ContainerClient

app = func.FunctionApp()


def note(kind: str, **facts: object) -> None:
    """Leave one blob under `seen/<kind>/`, so that the test can count runs."""
    seen = ContainerClient.from_connection_string(os.environ["DataStorage"], "seen")
    seen.upload_blob(f"{kind}/{time.time_ns()}-{uuid.uuid4().hex[:4]}", json.dumps(facts))


@app.blob_trigger(arg_name="blob", path="drop/{name}.txt", connection="DataStorage")
def scanned(blob: func.InputStream) -> None:
    """Fails for blobs that say so."""
    text = blob.read().decode()
    note("scanned", name=blob.name, length=blob.length, uri=blob.uri, metadata=blob.metadata, text=text)
    if text == "fail":
        raise ValueError("as asked")


@app.blob_trigger(arg_name="blob", path="drop/{name}", connection="DataStorage", source=func.BlobSource.EVENT_GRID)
def pushed(blob: func.InputStream) -> None:
    """Runs on events only."""
    note("pushed", name=blob.name, text=blob.read().decode())


@app.queue_trigger(arg_name="message", queue_name="%WORK_QUEUE%", connection="DataStorage")
@app.queue_output(arg_name="reply", queue_name="replies", connection="DataStorage")
@app.blob_output(arg_name="copy", path="copies/{id}-{kind}.txt", connection="DataStorage")
def work(message: func.QueueMessage, reply: func.Out[str], copy: func.Out[bytes], context: func.Context) -> None:
    """Does what the message says."""
    order = message.get_json()
    note("work", order=order, dequeue_count=message.dequeue_count, has_times=message.insertion_time is not None)
    if order["kind"] == "fail":
        raise ValueError("as asked")
    if order["kind"] == "sleep":
        time.sleep(order["seconds"])
    reply.set(f"done {order['kind']}")
    copy.set(context.function_name.encode())
    note("worked", order=order)


@app.timer_trigger(arg_name="timer", schedule="%TICK%", use_monitor=True)
def tick(timer: func.TimerRequest) -> None:
    """Says whether it is late."""
    note("tick", past_due=timer.past_due, status=timer.schedule_status)


@app.event_grid_trigger(arg_name="event")
async def ended(event: func.EventGridEvent) -> None:
    """An async handler; fails for the subject `fail`."""
    note("ended", id=event.id, type=event.event_type, subject=event.subject, data=event.get_json())
    if event.subject == "fail":
        raise ValueError("as asked")


@app.route(route="orders/{id:int}/{*rest}", methods=["GET", "POST"])
def order(req: func.HttpRequest) -> func.HttpResponse:
    """Answers with what it was asked."""
    logging.info("asked for %s", req.route_params["id"])
    told = {
        "method": req.method,
        "url": req.url,
        "params": dict(req.params),
        "route": dict(req.route_params),
        "header": req.headers.get("X-Test"),
        "body": req.get_body().decode(),
    }
    return func.HttpResponse(json.dumps(told), status_code=201, mimetype="application/json", headers={"X-Back": "yes"})


@app.route(route="health", auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> str:
    """Needs no key."""
    return "well"


@app.route(route="broken")
def broken(req: func.HttpRequest) -> func.HttpResponse:
    """Raises."""
    raise ValueError("as asked")


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:01")
def stubborn(timer: func.TimerRequest, context: func.Context) -> None:
    """Fails until its last try."""
    note("stubborn", retry=context.retry_context.retry_count)
    if context.retry_context.retry_count < 2:
        raise ValueError("as asked")


@app.queue_trigger(arg_name="message", queue_name="answers", connection="DataStorage")
def answers(message: func.QueueMessage):  # type: ignore[no-untyped-def]  # what the worker must refuse at run time
    """Returns something though it has no $return binding."""
    note("answers", dequeue_count=message.dequeue_count)
    return "forty-two"


@app.cosmos_db_trigger(arg_name="documents", connection="Cosmos", database_name="d", container_name="c")
def unsupported(documents: func.DocumentList) -> None:
    """Disabled by a setting in every test but one."""
