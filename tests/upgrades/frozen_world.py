"""A whole world of the tests as one JSON file, and back: both accounts, Batch, the queue, the clock.

Text stays text, so that a fixture can be read; other bytes are base64.
"""

from __future__ import annotations

import base64
import itertools
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from shared.ports import BlobItem
from tests.fakes.batch import FakeJob, FakePool
from tests.fakes.blobs import MemoryBlobs, _Container, _Stored
from tests.fakes.queue import Message
from tests.fakes.world import World, make_world

POOLS = TypeAdapter(dict[str, FakePool])
BATCH_JOBS = TypeAdapter(dict[str, FakeJob])
"""What Batch holds is Batch's: a field that specs gain later needs a default, or a line here."""
Json = dict[str, Any]


def frozen(world: World) -> Json:
    """Everything that outlives a process. Locks run out by themselves."""
    return {
        "now": world.clock.now().isoformat(),
        "control": account(world.control),
        "work": account(world.work),
        "queue": [{"body": each.body, "visible": each.visible.isoformat()} for each in world.queue.messages],
        "events": [list(each) for each in world.events.sent],
        "pools": POOLS.dump_python(world.batch.pools, mode="json"),
        "jobs": BATCH_JOBS.dump_python(world.batch.jobs, mode="json"),
    }


def thawed(raw: Json) -> World:
    """The world as it was."""
    world = make_world(datetime.fromisoformat(raw["now"]))
    fill(world.control, raw["control"])
    fill(world.work, raw["work"])
    world.queue.messages = [Message(each["body"], datetime.fromisoformat(each["visible"])) for each in raw["queue"]]
    world.events.sent.extend((job, wake) for job, wake in raw["events"])
    world.batch.pools.update(POOLS.validate_python(raw["pools"]))
    world.batch.jobs.update(BATCH_JOBS.validate_python(raw["jobs"]))
    return world


def account(blobs: MemoryBlobs) -> Json:
    return {name: container(each) for name, each in blobs._containers.items()}


def container(found: _Container) -> Json:
    policy = [found.policy[0], found.policy[1].isoformat()] if found.policy else None
    return {
        "modified": found.modified.isoformat(),
        "gone_at": found.gone_at.isoformat() if found.gone_at else None,
        "metadata": dict(found.metadata),
        "policy": policy,
        "blobs": [stored(each) for each in found.blobs.values()],
        "staged": {name: blocks(each) for name, each in found.staged.items()},
    }


def stored(found: _Stored) -> Json:
    item = found.item
    return {
        "name": item.name,
        "etag": item.etag,
        "modified": item.modified.isoformat(),
        "md5": item.md5,
        "metadata": dict(item.metadata),
        "type": found.content_type,
        "blocks": blocks(found.blocks),
        **content(found.content),
    }


def blocks(found: Any) -> Json:
    return {str(number): content(each) for number, each in found.items()}


def content(raw: bytes) -> Json:
    try:
        return {"text": raw.decode()}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(raw).decode()}


def fill(blobs: MemoryBlobs, raw: Json) -> None:
    """Exactly these containers, with the ETags that records remember; new ones go on behind them."""
    blobs._containers.clear()
    blobs._containers.update({name: container_of(each) for name, each in raw.items()})
    etags = [int(blob["etag"], 16) for each in raw.values() for blob in each["blobs"]]
    blobs._versions = itertools.count(max(etags, default=0x8DE000000000000) + 1)


def container_of(raw: Json) -> _Container:
    policy = (raw["policy"][0], datetime.fromisoformat(raw["policy"][1])) if raw["policy"] else None
    return _Container(
        datetime.fromisoformat(raw["modified"]),
        raw["metadata"],
        {each["name"]: stored_of(each) for each in raw["blobs"]},
        {name: blocks_of(each) for name, each in raw["staged"].items()},
        policy,
        datetime.fromisoformat(raw["gone_at"]) if raw["gone_at"] else None,
    )


def stored_of(raw: Json) -> _Stored:
    found = bytes_of(raw)
    modified = datetime.fromisoformat(raw["modified"])
    item = BlobItem(raw["name"], len(found), raw["etag"], modified, raw["md5"], raw["metadata"])
    return _Stored(item, found, raw["type"], blocks_of(raw["blocks"]))


def blocks_of(raw: Json) -> dict[int, bytes]:
    return {int(number): bytes_of(each) for number, each in raw.items()}


def bytes_of(raw: Json) -> bytes:
    found = base64.b64decode(raw["base64"]) if "base64" in raw else raw["text"].encode()
    return bytes(found)
