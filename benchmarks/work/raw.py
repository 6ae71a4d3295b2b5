"""The same bytes moved by the same store without any of our work: what storage alone costs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from azure.storage.blob import BlobServiceClient

from benchmarks.world import DATA, World, open_world

T = TypeVar("T")
CHUNK = 4 * 2**20
THREADS = 8
AHEAD = 2 * THREADS


def upload_file(place: dict[str, Any], file: str, name: str) -> dict[str, Any]:
    """A file as one blob of the inputs."""
    open_world(place)
    with BlobServiceClient.from_connection_string(place["storage"]) as service, Path(file).open("rb") as source:
        service.get_blob_client(DATA, name).upload_blob(source, overwrite=True, max_concurrency=4)
    return {}


def move(place: dict[str, Any], name: str, file: str, count: int, container: str) -> dict[str, Any]:
    """One blob read into nothing, range by range; then the same bytes, from a file, written as `count` blobs."""
    world = open_world(place)
    world.work.create_container(container, {})
    started = world.look()
    read(world, name)
    between = world.look()
    write(world, Path(file), count, container)
    return {"read": vars(between - started), "write": vars(world.look() - between)}


def read(world: World, name: str) -> None:
    """A few ranges at a time."""
    item = world.work.head(DATA, name)
    if item is None:
        raise SystemExit(f"{name} is not there")

    def fetch(offset: int) -> int:
        return sum(map(len, world.work.stream(DATA, name, etag=item.etag, offset=offset, length=CHUNK)))

    in_threads(fetch, iter(range(0, item.length, CHUNK)))


def write(world: World, file: Path, count: int, container: str) -> None:
    """A file, cut anywhere, a few blobs at a time."""
    size = file.stat().st_size
    each = -(-size // count)

    def put(offset: int) -> str:
        with file.open("rb") as source:
            source.seek(offset)
            return world.work.put(container, f"{offset:015d}", source.read(each))

    in_threads(put, iter(range(0, size, each)))


def read_outputs(place: dict[str, Any], container: str) -> dict[str, Any]:
    """All outputs of a job's tasks, a few at a time, into nothing; listed before."""
    world = open_world(place)
    items = list(world.work.list(container, "t-"))
    started = world.look()
    in_threads(lambda item: sum(map(len, world.work.stream(container, item.name, etag=item.etag))), iter(items))
    return vars(world.look() - started)


def write_outputs(world: World, files: str, container: str, name: str) -> None:
    """Every file of a folder as the output of the task that it is named after."""
    paths = sorted(Path(files).iterdir())
    in_threads(lambda path: world.work.put(container, f"{path.name}/{name}", path.read_bytes()), iter(paths))


def hash_of(world: World, container: str, name: str) -> str:
    """SHA-256 of a blob's bytes; empty where it is not there."""
    item = world.work.head(container, name)
    digest = hashlib.sha256()
    for chunk in world.work.stream(container, name, etag=item.etag) if item else ():
        digest.update(chunk)
    return digest.hexdigest() if item else ""


def in_threads(work: Callable[[T], object], things: Iterator[T]) -> None:
    """`work` on all things, never many of them at once."""
    waiting: list[Future[object]] = []
    with ThreadPoolExecutor(THREADS) as pool:
        for thing in things:
            waiting.append(pool.submit(work, thing))
            if len(waiting) >= AHEAD:
                waiting.pop(0).result()
        for each in waiting:
            each.result()
