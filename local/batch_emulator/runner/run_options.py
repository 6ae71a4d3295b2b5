"""containerRunOptions: the options of `docker create` that the emulator gives meaning to."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from local.batch_emulator.runner.problems import Problem

_SIZE = re.compile(r"(\d+)([bkmg]?)", re.IGNORECASE)
_UNITS = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_VARIABLE = re.compile(r"\$(?:\{(AZ_BATCH_\w+)\}|(AZ_BATCH_\w+))")


@dataclass(frozen=True)
class Bind:
    """A folder or file of the node inside the container. `source` is written as on the node."""

    source: str
    target: str
    readonly: bool = False


@dataclass(frozen=True)
class RunOptions:
    """What the options ask for; None and empty mean: not asked for."""

    binds: tuple[Bind, ...] = ()
    folder: str | None = None
    environment: tuple[tuple[str, str | None], ...] = ()
    entrypoint: str | None = None
    user: str | None = None
    network: str | None = None
    ipc: str | None = None
    shared_memory: int | None = None


def parse_run_options(text: str, variables: Mapping[str, str]) -> RunOptions:
    """Give the options of a line, `$AZ_BATCH_*` of `variables` expanded.

    Raises Problem(ContainerInvalidSettings) that names an option which is unknown or lacks its value.
    """
    options, words = RunOptions(), _words(expand(text, variables))
    while words:
        name, equals, value = words.pop(0).partition("=")
        name, attached = _split_short(name)
        if name == "--rm":
            continue
        apply = _OPTIONS.get(name)
        if apply is None:
            raise _refused(f"the option {name} is not known to the emulator ({', '.join(sorted(_OPTIONS))}, --rm are)")
        if attached:
            value = attached + equals + value
        elif not equals:
            value = _next_word(name, words)
        options = apply(options, value)
    return options


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Give a text with its `$AZ_BATCH_*` replaced; those that are not set are left as they stand."""
    return _VARIABLE.sub(lambda found: variables.get(found[1] or found[2], found[0]), text)


def split_command(text: str, what: str) -> tuple[str, ...]:
    """Give the words of a command line, quotes understood and no shell started. Raises Problem."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise Problem("CommandLaunchFailed", f"The {what} cannot be split into words: {error}") from error


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise _refused(f"they cannot be split into words: {error}") from error


def _split_short(name: str) -> tuple[str, str]:
    """`-v/host:/here` and `-eNAME` carry their value at once."""
    short = len(name) > 2 and name[0] == "-" and name[1] != "-"
    return (name[:2], name[2:]) if short else (name, "")


def _next_word(name: str, words: list[str]) -> str:
    if not words:
        raise _refused(f"the option {name} has no value")
    return words.pop(0)


def _refused(why: str) -> Problem:
    return Problem("ContainerInvalidSettings", f"containerRunOptions: {why}")


def _volume(options: RunOptions, value: str) -> RunOptions:
    source, _, rest = value.partition(":")
    target, _, mode = rest.partition(":")
    if not source.startswith("/") or not target.startswith("/"):
        raise _refused(f"the volume {value} is not HOST:CONTAINER with two absolute paths")
    if mode not in {"", "rw", "ro", "z", "Z"}:
        raise _refused(f"the mode {mode} of volume {value} is not ro or rw")
    return replace(options, binds=(*options.binds, Bind(source, target, mode == "ro")))


def _mount(options: RunOptions, value: str) -> RunOptions:
    given = {part.partition("=")[0]: part.partition("=")[2] for part in value.split(",")}
    source = given.pop("source", given.pop("src", ""))
    target = given.pop("target", given.pop("destination", given.pop("dst", "")))
    readonly = given.pop("readonly", given.pop("ro", "false"))
    if given.pop("type", "") != "bind" or given or not (source.startswith("/") and target.startswith("/")):
        raise _refused(f"the mount {value} is not type=bind,source=/...,target=/...[,readonly]")
    return replace(options, binds=(*options.binds, Bind(source, target, readonly in {"", "true", "1"})))


def _environment(options: RunOptions, value: str) -> RunOptions:
    name, equals, text = value.partition("=")
    return replace(options, environment=(*options.environment, (name, text if equals else None)))


def _network(options: RunOptions, value: str) -> RunOptions:
    if value not in {"host", "none", "bridge", "default"}:
        raise _refused(f"the network {value} is not host, bridge, default or none")
    return replace(options, network=value)


def _ipc(options: RunOptions, value: str) -> RunOptions:
    if value not in {"host", "private", "shareable"}:
        raise _refused(f"--ipc {value} is not host, private or shareable")
    return replace(options, ipc=value)


def _shared_memory(options: RunOptions, value: str) -> RunOptions:
    match = _SIZE.fullmatch(value)
    if match is None:
        raise _refused(f"--shm-size {value} is not a number with b, k, m or g")
    return replace(options, shared_memory=int(match[1]) * _UNITS[match[2].lower()])


def _workdir(options: RunOptions, value: str) -> RunOptions:
    if not value.startswith("/"):
        raise _refused(f"the working directory {value} is not an absolute path")
    return replace(options, folder=value)


def _gpus(_options: RunOptions, _value: str) -> RunOptions:
    raise _refused("--gpus must not be given: Batch adds it by itself on nodes that have them")


_OPTIONS: dict[str, Callable[[RunOptions, str], RunOptions]] = {
    "-v": _volume,
    "--volume": _volume,
    "--mount": _mount,
    "-w": _workdir,
    "--workdir": _workdir,
    "-e": _environment,
    "--env": _environment,
    "--entrypoint": lambda options, value: replace(options, entrypoint=value),
    "-u": lambda options, value: replace(options, user=value),
    "--user": lambda options, value: replace(options, user=value),
    "--network": _network,
    "--net": _network,
    "--ipc": _ipc,
    "--shm-size": _shared_memory,
    "--gpus": _gpus,
}
