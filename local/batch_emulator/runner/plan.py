"""What an attempt is to run, told apart from how a runner runs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.batch_emulator.runner.images import Image
from local.batch_emulator.runner.layout import BIND_SOURCES, Layout
from local.batch_emulator.runner.problems import Problem
from local.batch_emulator.runner.run_options import Bind, RunOptions, parse_run_options, split_command


@dataclass(frozen=True)
class HostBind:
    """A host folder or file and where the command sees it."""

    source: Path
    target: str
    readonly: bool = False


@dataclass(frozen=True)
class Plan:
    """One command.

    `image` is None for a command that runs on the node itself, not in a container. `arguments` follow the image's entry
    point, which `entrypoint` replaces when it is not None. `folder` None means the image's own.
    """

    layout: Layout
    image_name: str | None
    image: Image | None
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    binds: tuple[HostBind, ...]
    folder: str | None
    options: RunOptions

    @property
    def argv(self) -> tuple[str, ...]:
        """The words of the command, for an image whose files are at hand, or for the node itself."""
        if self.image is None:
            return self.arguments
        if self.options.entrypoint is not None:
            return (self.options.entrypoint, *self.arguments)
        return (*self.image.entrypoint, *(self.arguments or self.image.command))


def host_plan(layout: Layout) -> Plan:
    """Give the plan of a task without containerSettings. Raises Problem for an empty or unreadable command line."""
    words = split_command(layout.launch.task.get("commandLine") or "", "command line")
    if not words:
        raise Problem("CommandLaunchFailed", "The command line is empty and there is no container to run")
    return Plan(
        layout=layout,
        image_name=None,
        image=None,
        arguments=words,
        environment={**layout.launch.environment, **layout.variables()},
        binds=(HostBind(layout.launch.node_root, layout.inside),),
        folder=layout.seen(layout.working),
        options=RunOptions(),
    )


def container_plan(layout: Layout, image: Image | None) -> Plan:
    """Give the plan of a container task; `image` is None for one that an engine has in store. Raises Problem."""
    settings = layout.launch.task["containerSettings"]
    variables, node_binds = _node_view(layout, settings.get("containerHostBatchBindMounts"))
    options = parse_run_options(settings.get("containerRunOptions") or "", layout.variables())
    plan = Plan(
        layout=layout,
        image_name=settings["imageName"],
        image=image,
        arguments=split_command(layout.launch.task.get("commandLine") or "", "command line"),
        environment=_environment(layout, image, variables, options),
        binds=(*node_binds, *(_host_bind(layout, bind) for bind in options.binds)),
        folder=_folder(layout, settings, options, image, mounted="AZ_BATCH_TASK_WORKING_DIR" in variables),
        options=options,
    )
    if image is not None and not plan.argv:
        raise Problem("ContainerInvalidSettings", f"The image {image.name} has no command and the task gives none")
    return plan


def _node_view(layout: Layout, mounts: list[Mapping[str, Any]] | None) -> tuple[dict[str, str], tuple[HostBind, ...]]:
    """Give the AZ_BATCH_* variables of a container and what it sees of the node: all, unless a list says less."""
    variables = layout.variables()
    if mounts is None:
        return variables, (HostBind(layout.launch.node_root, layout.inside),)
    listed = [_known_source(each) for each in mounts]
    hidden = [name for source, names in BIND_SOURCES.items() if source not in listed for name in names]
    for name in [*hidden, "AZ_BATCH_NODE_ROOT_DIR"]:
        variables.pop(name, None)
    folders = [layout.bind_folder(source) for source in listed]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    flags = [bool(each.get("isReadOnly")) for each in mounts]
    return variables, tuple(
        HostBind(folder, layout.seen(folder), ro) for folder, ro in zip(folders, flags, strict=True)
    )


def _known_source(mount: Mapping[str, Any]) -> str:
    wanted = str(mount.get("source") or "")
    for source in BIND_SOURCES:
        if source.lower() == wanted.lower():
            return source
    known = ", ".join(BIND_SOURCES)
    raise Problem("ContainerInvalidSettings", f"containerHostBatchBindMounts: {wanted!r} is not one of {known}")


def _environment(
    layout: Layout, image: Image | None, variables: Mapping[str, str], options: RunOptions
) -> Mapping[str, str]:
    merged = {**(image.environment if image else {}), **layout.launch.environment, **variables}
    for name, value in options.environment:
        if value is not None:
            merged[name] = value
    return merged


def _host_bind(layout: Layout, bind: Bind) -> HostBind:
    source = layout.host(bind.source)
    if source.is_relative_to(layout.launch.node_root):
        # As docker does for a folder that is not there yet; elsewhere on this machine nothing is created.
        source.mkdir(parents=True, exist_ok=True) if not source.exists() else None
    if not source.exists():
        raise Problem("ContainerInvalidSettings", f"containerRunOptions: {bind.source} is not on the node")
    return HostBind(source, bind.target, bind.readonly)


def _folder(
    layout: Layout, settings: Mapping[str, Any], options: RunOptions, image: Image | None, mounted: bool
) -> str | None:
    if options.folder is not None:
        return options.folder
    if settings.get("workingDirectory") == "containerImageDefault":
        return image.folder if image else None
    if not mounted:
        raise Problem(
            "ContainerInvalidSettings",
            "containerHostBatchBindMounts does not hold Task, so workingDirectory must be containerImageDefault",
        )
    return layout.seen(layout.working)
