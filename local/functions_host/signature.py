"""Whether a Python function fits its bindings, by the rules of the Python worker."""

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from local.functions_host.bindings import Binding
from local.functions_host.errors import Refused

_PLAIN = (str, bytes)


@dataclass(frozen=True)
class Signature:
    """How to call a function. `outputs` holds the type inside `func.Out[...]`, None when none is given."""

    wants_context: bool
    plain_trigger: bool
    outputs: Mapping[str, Any]


def read_signature(
    name: str, call: Callable[..., Any], trigger: Binding, outputs: Sequence[Binding], returns: Binding | None
) -> Signature:
    """Refused, naming function and parameter, where the worker would not load the function."""
    hints = _hints(name, call)
    parameters = set(inspect.signature(call).parameters)
    bound = {trigger.name, *(output.name for output in outputs)}
    wants_context = "context" in parameters and "context" not in bound
    _check_names(name, parameters - {"context"} if wants_context else parameters, bound)
    if wants_context and hints.get("context", func.Context) is not func.Context:
        raise Refused(f"{name}.context: must be annotated azure.functions.Context or not at all")
    _check_trigger(trigger, hints.get(trigger.name))
    _check_return(name, returns, hints.get("return"))
    return Signature(
        wants_context=wants_context,
        plain_trigger=hints.get(trigger.name) in _PLAIN,
        outputs={output.name: _output_type(output, hints.get(output.name)) for output in outputs},
    )


def converter(binding_type: str) -> Any:
    """The official converter of a binding type: it makes the very objects the real worker hands over."""
    registry: Any = func.get_binding_registry()  # type: ignore[no-untyped-call]  # the library leaves it bare
    return registry.get(binding_type)


def _hints(name: str, call: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except NameError as error:
        raise Refused(f"{name}: an annotation cannot be resolved: {error}") from error


def _check_names(name: str, parameters: set[str], bound: set[str]) -> None:
    if extra := sorted(parameters - bound):
        raise Refused(f"{name}: parameter {', '.join(extra)} has no binding")
    if missing := sorted(bound - parameters):
        raise Refused(f"{name}: binding {', '.join(missing)} has no parameter of that name")


def _check_trigger(trigger: Binding, hint: Any) -> None:
    if hint is None or (hint in _PLAIN and trigger.type != "httpTrigger"):
        return
    if not _fits(converter(trigger.type).check_input_type_annotation, hint):
        raise Refused(f"{trigger.where}: the annotation {hint!r} does not fit a {trigger.type}")


def _output_type(output: Binding, hint: Any) -> Any:
    if hint is None:
        return None
    arguments = typing.get_args(hint)
    if typing.get_origin(hint) is not func.Out or len(arguments) != 1:
        raise Refused(f"{output.where}: an output must be annotated func.Out[type], not {hint!r}")
    if arguments[0] not in _PLAIN and not _fits(converter(output.type).check_output_type_annotation, arguments[0]):
        raise Refused(f"{output.where}: the annotation {hint!r} does not fit a {output.type} output")
    return arguments[0]


def _check_return(name: str, returns: Binding | None, hint: Any) -> None:
    if returns is None or hint is None or hint in _PLAIN:
        return
    if not _fits(converter(returns.type).check_output_type_annotation, hint):
        raise Refused(f"{name}: the return annotation {hint!r} does not fit its {returns.type} output")


def _fits(check: Callable[[Any], bool], hint: Any) -> bool:
    """The converters ask `issubclass`, which raises for unions, generics and plain values."""
    try:
        return check(hint)
    except TypeError:
        return False
