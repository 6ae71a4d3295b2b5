"""The triggers: decode, call, return; what they do is in `controller.triggers` and `controller.api`. Nothing heavier
than azure.functions is imported here: the wiring loads the SDKs at the first call. `seconds`: what a handler may take.
"""

import json

import azure.functions as func

from shared.settings import http_auth, manifest_source

AUTH = http_auth()
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS if AUTH.entra else func.AuthLevel.FUNCTION)
CONTROL = "BATCHDROP_CONTROL"
HEADERS = {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}


@app.function_name("on_drop")
@app.blob_trigger("manifest", "jobs/{name}", CONTROL, source=func.BlobSource(manifest_source()))
def on_drop(manifest: func.InputStream) -> None:
    """A blob in the drop box. Its name is a hint: content and ETag are read together, by us."""
    from controller import triggers, wiring

    wiring.run(triggers.on_drop, (manifest.name or "").partition("/")[2], seconds=90)


@app.function_name("on_tick")
@app.timer_trigger("timer", "%BATCHDROP_TICK%")
def on_tick(timer: func.TimerRequest) -> None:
    """Every 30 seconds: look after the open jobs."""
    from controller import triggers, wiring

    wiring.run(triggers.on_tick, seconds=45)


@app.function_name("on_sweep")
@app.timer_trigger("timer", "%BATCHDROP_SWEEP%", run_on_startup=True)
def on_sweep(timer: func.TimerRequest) -> None:
    """Every 5 minutes and at start: accept manifests that nobody announced."""
    from controller import triggers, wiring

    wiring.run(triggers.on_sweep, seconds=280)


@app.function_name("on_reap")
@app.timer_trigger("timer", "%BATCHDROP_REAP%")
def on_reap(timer: func.TimerRequest) -> None:
    """Every hour: delete what no job owns any more."""
    from controller import triggers, wiring

    wiring.run(triggers.on_reap, seconds=1200)


@app.function_name("on_wake")
@app.queue_trigger("message", "batchdrop-wake", CONTROL)
def on_wake(message: func.QueueMessage) -> None:
    """A message of our own: the place of long steps."""
    from controller import triggers, wiring

    wiring.run(triggers.on_wake, message.get_json(), seconds=1500)


@app.function_name("on_poison")
@app.queue_trigger("message", "batchdrop-wake-poison", CONTROL)
def on_poison(message: func.QueueMessage) -> None:
    """A message the host has given up: a lost hint, no verdict."""
    from controller import triggers, wiring

    wiring.run(triggers.on_poison, message.get_json(), seconds=45)


@app.function_name("on_tasks_ended")
@app.event_grid_trigger("event")
def on_tasks_ended(event: func.EventGridEvent) -> None:
    """Batchdrop.Job.TasksEnded: leaves a message, as Event Grid does not wait for long."""
    from controller import triggers, wiring

    wiring.run(triggers.on_tasks_ended, event.get_json(), seconds=25)


@app.function_name("http_jobs")
@app.route("jobs", methods=["GET", "POST"])
def http_jobs(req: func.HttpRequest) -> func.HttpResponse:
    """GET: open jobs. POST ?path=...: drop a manifest."""
    from controller import api, wiring

    given = (api.submit, req.params.get("path", ""), req.get_body()) if req.method == "POST" else (api.list_jobs,)
    return answer(*wiring.ask(AUTH, req, *given))


@app.function_name("http_job")
@app.route("jobs/{id}", methods=["GET"])
def http_job(req: func.HttpRequest) -> func.HttpResponse:
    """One job's status."""
    from controller import api, wiring

    return answer(*wiring.ask(AUTH, req, api.read_job, req.route_params["id"]))


@app.function_name("http_job_part")
@app.route("jobs/{id}/{part}", methods=["GET", "POST"])
def http_job_part(req: func.HttpRequest) -> func.HttpResponse:
    """GET .../result: result.json. POST .../cancel: end the job. POST .../retry: run again what failed."""
    from controller import api, wiring

    return answer(*wiring.ask(AUTH, req, api.part, req.method, req.route_params["id"], req.route_params["part"]))


@app.function_name("http_openapi")
@app.route("openapi.json", methods=["GET"])
def http_openapi(req: func.HttpRequest) -> func.HttpResponse:
    """What can be asked, as OpenAPI."""
    from controller import api, wiring

    return answer(*wiring.tell(AUTH, req, api.openapi, AUTH))


def answer(status: int, body: object) -> func.HttpResponse:
    """JSON that no browser takes for anything else, and no cache keeps."""
    headers = HEADERS | {"WWW-Authenticate": "Bearer"} if status == 401 else HEADERS
    return func.HttpResponse(json.dumps(body, ensure_ascii=False), status_code=status, headers=headers)
