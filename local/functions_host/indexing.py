"""What is in the app: `function_app` imported once, read once, each function with its checked bindings."""

import importlib
import inspect
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import azure.functions as func

from local.functions_host.bindings import Binding, read_binding
from local.functions_host.errors import Refused
from local.functions_host.retries import RetryPolicy, read_policy
from local.functions_host.settings import Settings
from local.functions_host.signature import Signature, read_signature


@dataclass(frozen=True)
class IndexedFunction:
    """One function of the app."""

    name: str
    directory: Path
    call: Callable[..., Any]
    trigger: Binding
    outputs: tuple[Binding, ...]
    returns: Binding | None
    signature: Signature
    retry: RetryPolicy | None

    @property
    def is_async(self) -> bool:
        """Whether it runs on the event loop instead of a thread."""
        return inspect.iscoroutinefunction(self.call)

    @property
    def id(self) -> str:
        """Its name in blob messages, receipts and locks."""
        return f"Host.Functions.{self.name}"


def load_functions(app: Path, settings: Settings, only: Sequence[str] | None) -> list[IndexedFunction]:
    """Every enabled function of the app folder; Refused, naming the function, for what cannot run here."""
    registered = _registered(_import(app, settings), app)
    try:
        # Once: a second call raises for the names of the first.
        found = {str(function.get_function_name()): function for function in registered.get_functions()}
    except ValueError as error:
        raise Refused(f"{app}: {error}") from error
    if unknown := sorted(set(only or ()) - set(found)):
        raise Refused(f"host.json: functions names {', '.join(unknown)}, which the app does not have")
    return [
        _indexed(name, function, app, settings)
        for name, function in found.items()
        if not settings.is_disabled(name) and (only is None or name in only)
    ]


def _import(app: Path, settings: Settings) -> ModuleType:
    script = Path(settings.get("PYTHON_SCRIPT_FILE_NAME") or "function_app.py")
    if not (app / script).is_file():
        raise Refused(f"{app}: has no {script}")
    sys.path.insert(0, str(app))
    try:
        return importlib.import_module(script.stem)
    except Exception as error:
        raise Refused(f"{app / script}: cannot be imported: {type(error).__name__}: {error}") from error


def _registered(module: ModuleType, app: Path) -> Any:
    apps = {id(value): value for value in vars(module).values() if isinstance(value, func.FunctionRegister)}
    if len(apps) != 1:
        raise Refused(f"{app}: {module.__name__}.py must hold exactly one FunctionApp, it holds {len(apps)}")
    return next(iter(apps.values()))


def _indexed(name: str, function: Any, app: Path, settings: Settings) -> IndexedFunction:
    bindings = [read_binding(json.loads(raw), name, settings) for raw in function.get_raw_bindings()]
    triggers = [binding for binding in bindings if not binding.is_output]
    if len(triggers) != 1:
        raise Refused(f"{name}: must have exactly one trigger, it has {len(triggers)}")
    outputs = tuple(binding for binding in bindings if binding.is_output and binding.name != "$return")
    returns = next((binding for binding in bindings if binding.name == "$return"), None)
    call = function.get_user_function()
    return IndexedFunction(
        name=name,
        directory=app,
        call=call,
        trigger=triggers[0],
        outputs=outputs,
        returns=returns,
        signature=read_signature(name, call, triggers[0], outputs, returns),
        retry=read_policy(function.get_settings_dict("retry_policy"), name),
    )
