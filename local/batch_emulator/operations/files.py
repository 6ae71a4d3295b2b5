"""Files of tasks and nodes, read from the folders that the execution keeps."""

import mimetypes
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from local.batch_emulator.failures import BatchError
from local.batch_emulator.operations.jobs import find as find_job
from local.batch_emulator.operations.nodes import find as find_node
from local.batch_emulator.protocol.conditions import check
from local.batch_emulator.protocol.exchange import Answer, Call, tags
from local.batch_emulator.protocol.moments import header_date
from local.batch_emulator.protocol.pages import Properties, by_number, listed
from local.batch_emulator.protocol.ranges import parse_range
from local.batch_emulator.state import Wire
from local.batch_emulator.world import World, refuse_unless

_CHUNK = 256 * 1024
_WITHOUT_DISK = frozenset({"creating", "starting", "preempted", "leavingpool"})


@dataclass(frozen=True)
class NodeFile:
    """A file or folder as it was when it was looked at. `name` is its path below the root, with slashes."""

    name: str
    path: Path
    url: str
    facts: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; links are not followed in lists."""
        return stat.S_ISDIR(self.facts.st_mode)

    @property
    def modified(self) -> datetime:
        """When it was written last."""
        return datetime.fromtimestamp(self.facts.st_mtime, UTC)

    @property
    def content_type(self) -> str:
        """What the name tells."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def mode(self) -> str:
        """The octal mode, as in 0100644."""
        return f"0{self.facts.st_mode:o}"


def _properties_of(file: NodeFile) -> Wire | None:
    if file.is_folder:
        return None
    return {
        "creationTime": file.modified,
        "lastModified": file.modified,
        "contentLength": str(file.facts.st_size),
        "contentType": file.content_type,
        "fileMode": file.mode,
    }


PROPERTIES: Properties[NodeFile] = {
    "name": lambda file, _: file.name,
    "url": lambda file, _: file.url,
    "isDirectory": lambda file, _: file.is_folder,
    "properties": lambda file, _: _properties_of(file),
}


def _task_root(world: World, call: Call) -> Path:
    find_job(world, call)
    task = world.account.task(call.ids["jobId"], call.ids["taskId"])
    refuse_unless(not task.cleaned_up, "TaskFilesCleanedup")
    node = task.node
    there = node is not None and node.pool.nodes.get(node.id) is node and node.state not in _WITHOUT_DISK
    if task.directory is None or not there:
        raise BatchError("TaskFilesUnavailable", "The task has no node that holds its files.")
    return task.directory


def _node_root(world: World, call: Call) -> Path:
    node = find_node(world, call)
    refuse_unless(node.state != "unusable", "NodeStateUnusable")
    refuse_unless(node.state not in _WITHOUT_DISK, "OperationInvalidForCurrentState", f"The node is {node.state}.")
    return node.root


def _file(call: Call, root: Path) -> NodeFile:
    """Find the call's file; nothing outside the root is found, by no path and no link."""
    name = call.ids["filePath"].replace("\\", "/").strip("/")
    path = root / name
    inside = path.resolve().is_relative_to(root.resolve())
    if not name or not inside or not path.exists():
        raise BatchError("FileNotFound")
    return NodeFile(name, path, call.url(), path.stat())


def _headers(file: NodeFile) -> dict[str, str]:
    etag = f"0x{file.facts.st_mtime_ns:X}"
    return tags(etag, file.modified) | {
        "ocp-creation-time": header_date(file.modified),
        "ocp-batch-file-isdirectory": str(file.is_folder).lower(),
        "ocp-batch-file-mode": file.mode,
        "ocp-batch-file-url": quote(file.url, safe=":/%"),
        "Content-Type": file.content_type,
    }


def _download(call: Call, root: Path) -> Answer:
    file = _file(call, root)
    if file.is_folder:
        raise BatchError("FileNotFound", "The path names a folder.")
    headers = _headers(file)
    check(call.headers, headers["ETag"].strip('"'), file.modified, reading=True)
    first, length = parse_range(call.headers.get("ocp-range"), file.facts.st_size)
    return Answer(200, headers=headers | {"Content-Length": str(length)}, stream=_pieces(file.path, first, length))


def _pieces(path: Path, first: int, length: int) -> Iterator[bytes]:
    with path.open("rb") as source:
        source.seek(first)
        while length > 0 and (piece := source.read(min(_CHUNK, length))):
            length -= len(piece)
            yield piece


def _properties(call: Call, root: Path) -> Answer:
    file = _file(call, root)
    headers = _headers(file)
    check(call.headers, headers["ETag"].strip('"'), file.modified, reading=True)
    size = 0 if file.is_folder else file.facts.st_size
    return Answer(200, headers=headers | {"Content-Length": str(size)})


def _delete(call: Call, root: Path) -> Answer:
    file = _file(call, root)
    if not file.is_folder or file.path.is_symlink():
        file.path.unlink()
    elif call.flag("recursive"):
        shutil.rmtree(file.path)
    elif any(file.path.iterdir()):
        raise BatchError("InvalidInput", "The folder is not empty; only recursive=true deletes it.")
    else:
        file.path.rmdir()
    return Answer(200)


def _looked_at(call: Call, root: Path, path: Path) -> NodeFile | None:
    """Describe a listed file, or give None for one that a running task has removed meanwhile."""
    name = path.relative_to(root).as_posix()
    try:
        return NodeFile(name, path, f"{call.url()}/{quote(name)}", path.lstat())
    except FileNotFoundError:
        return None


def _list(call: Call, root: Path) -> Answer:
    paths = sorted(root.rglob("*") if call.flag("recursive") else root.glob("*"))
    looked_at = (_looked_at(call, root, path) for path in paths)
    found = [file for file in looked_at if file is not None]

    source = by_number(lambda number: ((index, file) for index, file in enumerate(found, 1) if index > number))
    return listed(call, "files", source, PROPERTIES, ("name",))


def list_task_files(world: World, call: Call) -> Answer:
    """List the files in a task's folder."""
    return _list(call, _task_root(world, call))


def download_task_file(world: World, call: Call) -> Answer:
    """Read a file of a task, or with ocp-range a part of it."""
    return _download(call, _task_root(world, call))


def get_task_file_properties(world: World, call: Call) -> Answer:
    """Tell size, times and mode of a task's file."""
    return _properties(call, _task_root(world, call))


def delete_task_file(world: World, call: Call) -> Answer:
    """Delete a file of a task, or with recursive=true a folder."""
    return _delete(call, _task_root(world, call))


def list_node_files(world: World, call: Call) -> Answer:
    """List the files below a node's root."""
    return _list(call, _node_root(world, call))


def download_node_file(world: World, call: Call) -> Answer:
    """Read a file of a node, or with ocp-range a part of it."""
    return _download(call, _node_root(world, call))


def get_node_file_properties(world: World, call: Call) -> Answer:
    """Tell size, times and mode of a node's file."""
    return _properties(call, _node_root(world, call))


def delete_node_file(world: World, call: Call) -> Answer:
    """Delete a file of a node, or with recursive=true a folder."""
    return _delete(call, _node_root(world, call))
