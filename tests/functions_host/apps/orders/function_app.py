"""A small app with functions of each kind; each run leaves one blob in the test's container."""

import json
import logging
import os
import time
import uuid

import azure.functions as func
from azure.storage.blob import ContainerClient

app = func.FunctionApp()


def note(kind: str, **facts: object) -> None:
    """Leave one blob under `<kind>/`, so that the test can count runs and read what they saw."""
    connection = os.environ["AzureWebJobsStorage"]  # noqa: SIM112 - the host's own spelling
    with ContainerClient.from_connection_string(connection, f"{os.environ['PREFIX']}-seen") as seen:
        seen.upload_blob(f"{kind}/{time.time_ns()}-{uuid.uuid4().hex[:4]}", json.dumps(facts))


@app.blob_trigger(arg_name="blob", path="%PREFIX%-drop/{name}.txt", connection="Data")
def scanned(blob: func.InputStream) -> None:
    """Fails for blobs that say so."""
    text = blob.read().decode()
    note("scanned", name=blob.name, length=blob.length, uri=blob.uri, metadata=blob.metadata, text=text)
    if text == "fail":
        raise ValueError("as asked")


@app.blob_trigger(arg_name="blob", path="%PREFIX%-drop/{name}", connection="", source=func.BlobSource.EVENT_GRID)
def pushed(blob: func.InputStream) -> None:
    """Runs on events only."""
    note("pushed", name=blob.name, text=blob.read().decode())


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-work", connection="Data")
@app.queue_output(arg_name="reply", queue_name="%PREFIX%-replies", connection="Data")
@app.blob_output(arg_name="copy", path="%PREFIX%-seen/copies/{number}-{kind}.txt", connection="Data")
def work(message: func.QueueMessage, reply: func.Out[str], copy: func.Out[bytes], context: func.Context) -> None:
    """Does what the message says."""
    order = message.get_json()
    note("work", order=order, count=message.dequeue_count, times=message.insertion_time < message.expiration_time)
    reply.set(f"done {order['kind']}")
    copy.set(context.function_name.encode())
    if order["kind"] == "fail":
        raise ValueError("as asked")
    if order["kind"] == "sleep":
        time.sleep(order["seconds"])
    note("worked", order=order)


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-replies", connection="Data")
def replies(message: str) -> None:
    """Takes the text itself."""
    note("replies", text=message)


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-answers", connection="Data")
def answers(message: func.QueueMessage):  # no annotation: what the worker refuses at run time
    """Returns something though it has no $return binding."""
    note("answers", count=message.dequeue_count)
    return "forty-two"


@app.queue_trigger(arg_name="message", queue_name="%PREFIX%-questions", connection="Data", data_type="binary")
@app.queue_output(arg_name="$return", queue_name="%PREFIX%-replies", connection="Data")
async def questions(message: func.QueueMessage) -> str:
    """Answers by its return value."""
    return f"you asked {message.get_body().hex()}"


@app.timer_trigger(arg_name="timer", schedule="%TICK%")
def tick(timer: func.TimerRequest) -> None:
    """Says whether it is late."""
    note("tick", past_due=timer.past_due, status=timer.schedule_status)


@app.timer_trigger(arg_name="timer", schedule="%EACH_START%", run_on_startup=True)
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00.1")
def stubborn(timer: func.TimerRequest, context: func.Context) -> None:
    """Runs at each start, and fails until its last try."""
    note("stubborn", retry=context.retry_context.retry_count)
    if context.retry_context.retry_count < 2:
        raise ValueError("as asked")


@app.event_grid_trigger(arg_name="event")
async def ended(event: func.EventGridEvent) -> None:
    """An async handler; fails for the subject `fail`."""
    note("ended", id=event.id, type=event.event_type, subject=event.subject, data=event.get_json())
    if event.subject == "fail":
        raise ValueError("as asked")


@app.event_grid_trigger(arg_name="event")
def cloudy(event: func.CloudEvent) -> None:
    """Takes the other schema."""
    note("cloudy", id=event.id, type=event.type, source=event.source)


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
    headers = {"X-Back": "yes", "Set-Cookie": "a=b; Path=/"}
    return func.HttpResponse(json.dumps(told), status_code=201, mimetype="application/json", headers=headers)


@app.route(route="health", auth_level=func.AuthLevel.ANONYMOUS)
def health(req: func.HttpRequest) -> str:
    """Needs no key."""
    return "well"


@app.route(route="broken")
def broken(req: func.HttpRequest) -> func.HttpResponse:
    """Raises."""
    raise ValueError("as asked")


@app.generic_trigger(arg_name="item", type="someday", direction="in")
def unsupported(item: str) -> None:
    """Of a type that nobody serves here: disabled by a setting in every test but one."""
