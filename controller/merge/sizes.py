"""How a merge is cut: into blocks, into what is composed and what is streamed, into steps. Pure."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 2**20


@dataclass(frozen=True)
class Sizes:
    """How results are cut into blocks, in bytes. Equal in all passes of a job: blocks of two cuts must not mix."""

    block: int = 8 * MIB
    """Of what is streamed; twice that where the result might need more than 50,000."""
    piece: int = 1024 * MIB
    """Most that is composed by one request: the service takes 4,000 MiB, but answers only when it is done."""
    blocks: int = 50_000
    """A blob has no more."""
    compose_from: int = 1 * MIB
    """Smaller results are streamed: one request to write, and a hash of their own bytes."""
    lines_from: int = 8 * MIB
    """Lines are composed where outputs are that long on average: from there on, two requests for each are fewer than
    those that stream it. The price is that nobody counts the lines."""
    batch: int = 256
    """Pieces composed between two cursors."""
    beat: int = 64
    """Requests between two beats."""
