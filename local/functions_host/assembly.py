"""From options to a host that is ready to start; the one place that knows every kind of trigger."""

from collections.abc import Callable

from local.functions_host.admin import Admin
from local.functions_host.errors import Refused
from local.functions_host.ground import Ground, Part, make_ground, read_config, read_settings
from local.functions_host.host import Host
from local.functions_host.http_trigger import Endpoint, HttpTriggers
from local.functions_host.indexing import IndexedFunction, load_functions
from local.functions_host.keys import Keys
from local.functions_host.logs import configure_logging
from local.functions_host.options import Options
from local.functions_host.parts import Functions, blob_part, event_grid_part, queue_part, timer_part
from local.functions_host.site import Server, Site

_PARTS: dict[str, Callable[[Ground, Functions], Part]] = {
    "blobTrigger": blob_part,
    "eventGridTrigger": event_grid_part,
    "queueTrigger": queue_part,
    "timerTrigger": timer_part,
}


def assemble(options: Options, on_timeout: Callable[[str], None]) -> Host:
    """A host with everything checked and nothing started; Refused for an app that cannot run here."""
    settings = read_settings(options)
    config = read_config(options, settings)
    configure_logging(config.log_levels, options.log_file)
    ground = make_ground(options, settings, config, on_timeout)
    functions = load_functions(options.app, settings, config.functions)
    _check_outputs(ground, functions)
    part = Part()
    for trigger, make in _PARTS.items():
        part.add(make(ground, [function for function in functions if function.trigger.type == trigger]))
    server = _server(ground, functions, part)
    return Host(functions, ground.invoker, part, server)


def _check_outputs(ground: Ground, functions: Functions) -> None:
    for function in functions:
        for output in (*function.outputs, *([function.returns] if function.returns else [])):
            ground.outputs.check(output)


def _server(ground: Ground, functions: Functions, part: Part) -> Server:
    keys = Keys(ground.settings, ground.options.enable_auth)
    endpoints = [Endpoint.of(function, ground.config.route_prefix) for function in functions if _is_http(function)]
    admin = Admin(ground.host_id, {function.name: function for function in functions}, part.calls, ground.invoker)
    site = Site(HttpTriggers(endpoints, keys, ground.invoker), part.webhooks, admin, keys)
    try:
        return Server(site, ground.options.port)
    except OSError as error:
        raise Refused(f"--port {ground.options.port}: {error}") from error


def _is_http(function: IndexedFunction) -> bool:
    return function.trigger.type == "httpTrigger"
