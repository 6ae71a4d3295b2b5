"""Where a part should end. Pure."""

from __future__ import annotations

from controller.split.parts import Head
from controller.split.sizes import Sizing

SHORTEST_STEP, LONGEST_STEP = 64, 65_536


def limit_of(sizing: Sizing, head: Head, part_start: int) -> int | None:
    """The part ends at the first cut at or past this position, unless it has enough units before; None: no such rule.

    `tasks` and auto divide [head.start, sizing.size) evenly. Points that one long record has swallowed are passed over.
    """
    if sizing.bytes_per_task is not None:
        return part_start + sizing.bytes_per_task
    if sizing.cuts is None:
        return None
    span = max(1, sizing.size - head.start)
    number = (part_start - head.start) * sizing.cuts // span + 1
    while number < sizing.cuts and head.start + number * span // sizing.cuts <= part_start:
        number += 1
    return head.start + number * span // sizing.cuts if number < sizing.cuts else None


def nth_end(text: bytes, mark: bytes, at: int, number: int) -> int | None:
    """The position behind the first byte of the `number`-th `mark` from `at` on; None where there are fewer.

    Counts in steps, longer and longer ones, and looks at single marks only in the step that holds the one.
    """
    step, overlap = min(LONGEST_STEP, number * SHORTEST_STEP), len(mark) - 1
    while at < len(text):
        found = text.count(mark, at, at + step + overlap)
        if found >= number:
            for _ in range(number):
                at = text.find(mark, at) + 1
            return at
        number -= found
        at += step
        step = min(LONGEST_STEP, 2 * step)
    return None
