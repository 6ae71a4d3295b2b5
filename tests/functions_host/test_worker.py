"""The official worker library as the judge of what this host loads (it exists for Python 3.13 and later)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from local.functions_host.bindings import Binding
from local.functions_host.errors import Refused
from local.functions_host.signature import Signature, read_signature
from tests.functions_host import test_signature as cases

_PROTOS = SimpleNamespace(BindingInfo=SimpleNamespace(inout=2, out=1, undefined=0))
_CALLS = [getattr(cases, name) for name in vars(cases) if name.startswith("_") and callable(getattr(cases, name))]


@dataclass
class _Indexed:
    """A function with its bindings, as the worker reads it."""

    call: Callable[..., Any]
    bindings: Sequence[Binding]

    def get_user_function(self) -> Callable[..., Any]:
        """The handler."""
        return self.call

    def get_function_name(self) -> str:
        """Its name."""
        return "f"

    def get_bindings(self) -> list[SimpleNamespace]:
        """In the worker's terms."""
        return [
            SimpleNamespace(name=binding.name, type=binding.type, direction=int(binding.is_output), data_type=None)
            for binding in self.bindings
        ]

    def get_trigger(self) -> SimpleNamespace:
        """The first binding."""
        return self.get_bindings()[0]


def _ours(call: Callable[..., Any], outputs: Sequence[Binding]) -> Signature | None:
    try:
        return read_signature("f", call, cases._QUEUE, outputs, None)
    except Refused:
        return None


def _theirs(call: Callable[..., Any], outputs: Sequence[Binding]) -> Any:
    functions = pytest.importorskip("azure_functions_runtime.functions")
    meta = pytest.importorskip("azure_functions_runtime.bindings.meta")
    meta.load_binding_registry()
    try:
        return functions.Registry().add_indexed_function(_Indexed(call, [cases._QUEUE, *outputs]), _PROTOS)
    except (functions.FunctionLoadError, AttributeError):
        # It stumbles over an annotation without a name while it words its refusal.
        return None


@pytest.mark.parametrize("call", _CALLS, ids=lambda call: call.__name__)
def test_the_worker_agrees(call: Callable[..., Any]) -> None:
    """What it loads is loaded here, what it refuses is refused, and both would call it alike."""
    ours, theirs = _ours(call, [cases._OUT]), _theirs(call, [cases._OUT])
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert ours.wants_context == theirs.requires_context
        assert ours.plain_trigger == (theirs.input_types["message"].binding_name == "generic")
        assert dict(ours.outputs) == {name: info.pytype for name, info in theirs.output_types.items()}
