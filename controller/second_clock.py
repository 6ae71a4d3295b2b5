"""What stands in for platform timers that stop for good: a message that delays itself. Shell.

Each tick leaves one tick message, delayed by five minutes, under a number kept in `batchdrop/tick`: when no tick has
renewed the number by then, the message is the next tick. The ticks, whoever makes them, ask after the other timers:
what has not been heard of for too long is left to the queue.
"""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Literal

from shared.errors import Conflict
from shared.logs import note
from shared.names import STATE
from shared.ports import ABSENT, Condition, Ports

log = logging.getLogger("batchdrop.second_clock")
SECOND_CLOCK = timedelta(minutes=5)
TICK = "tick"
HEARD = "timers/"
Timer = Literal["sweep", "reap"]
LATE: dict[Timer, timedelta] = {"sweep": timedelta(minutes=15), "reap": timedelta(hours=3)}
"""Three times as long as from one to the next."""


def keep_ticking(ports: Ports, number: int | None) -> bool:
    """Renew the number and leave the next message. False for a message whose number is not the newest: it is dropped.

    `number` None: a timer of the platform, which is always right, but renews only once in a while.
    """
    blob = ports.control.read(STATE, TICK)
    state = json.loads(blob.content) if blob else {"number": 0}
    now = ports.clock.now()
    if number is not None and state["number"] != number:
        return False
    if number is None and blob is not None and now - blob.item.modified < SECOND_CLOCK / 5:
        return True
    following = {"number": state["number"] + 1}
    when = Condition(etag=blob.item.etag) if blob else ABSENT
    # The message first: who dies in between leaves two of one number, of which the second is dropped, and never none.
    ports.queue.send({"kind": "tick", "number": following["number"]}, SECOND_CLOCK)
    try:
        ports.control.put(STATE, TICK, json.dumps(following).encode(), when=when)
    except Conflict:
        return number is None
    return True


def hear(ports: Ports, timer: Timer) -> None:
    """It is at work, or will be: the queue has it."""
    ports.control.put(STATE, f"{HEARD}{timer}", b"")


def call_late(ports: Ports) -> None:
    """Leave to the queue what a timer should have done long ago. One that was never heard of has its time from now."""
    heard = {item.name.removeprefix(HEARD): item.modified for item in ports.control.list(STATE, HEARD)}
    now = ports.clock.now()
    for timer, late in LATE.items():
        since = heard.get(timer)
        if since is not None and now - since < late:
            continue
        if since is not None:
            note(log, "a timer is silent", logging.WARNING, timer=timer, since=since)
            ports.queue.send({"kind": timer})
        hear(ports, timer)
