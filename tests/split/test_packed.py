"""gzip data while it streams by, and the window of what streamed by last."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.split.packed import PIECE, unpacked
from controller.split.window import Window
from shared.errors import Refused


def pieces(data: bytes, length: int) -> Iterator[bytes]:
    return (data[at : at + length] for at in range(0, len(data), length))


MEMBERS = st.lists(st.tuples(st.binary(max_size=60), st.integers(0, 3)), min_size=1, max_size=4)


@given(MEMBERS, st.integers(1, 40))
def test_members_and_padding_are_one_text(members: list[tuple[bytes, int]], chunk: int) -> None:
    """Files put together by `cat`, padded with zeros as on tapes, unpack to all their contents in any chunks."""
    packed = b"".join(gzip.compress(text) + b"\0" * zeros for text, zeros in members)
    assert b"".join(unpacked(pieces(packed, chunk))) == b"".join(text for text, _ in members)


@given(st.binary(min_size=1, max_size=200), st.data())
def test_data_that_was_cut_off_is_refused(text: bytes, draw: st.DataObject) -> None:
    """However little is missing, and in whichever member, it is said; nothing short is taken for whole."""
    packed = gzip.compress(text)
    kept = draw.draw(st.integers(1, len(packed) - 1))
    before = draw.draw(st.sampled_from([b"", gzip.compress(b"first")]))
    with pytest.raises(Refused, match="ends too early") as caught:
        list(unpacked([before + packed[:kept]]))
    assert caught.value.code == "SPLIT"
    assert len(b"".join(unpacked([before + packed[:kept]], whole=False))) <= len(text) + 5


@pytest.mark.parametrize("spoilt", ["checksum", "middle", "behind"])
def test_data_that_is_spoilt_is_refused(spoilt: str) -> None:
    """A wrong checksum, a wrong byte, something else behind the last member: each is refused, and gzip is named."""
    text = random.Random(7).randbytes(4000)
    packed = bytearray(gzip.compress(text))
    if spoilt == "behind":
        packed += b"something else"
    else:
        packed[-5 if spoilt == "checksum" else 2000] ^= 0xFF
    with pytest.raises(Refused, match="gzip data that cannot be unpacked"):
        list(unpacked([bytes(packed)]))


def test_what_unpacks_to_a_thousandfold_stays_in_bounded_memory() -> None:
    """200 MiB of zeros are 200 KiB packed: they come in pieces of 1 MiB, and none of them is kept."""
    deflate = zlib.compressobj(wbits=31)
    packed = b"".join([*(deflate.compress(bytes(2**20)) for _ in range(200)), deflate.flush()])
    tracemalloc.start()
    lengths = [len(piece) for piece in unpacked([packed])]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(lengths) == 200 * 2**20
    assert max(lengths) <= PIECE
    assert peak < 8 * 2**20


@given(st.lists(st.binary(max_size=9), max_size=20), st.integers(0, 30), st.integers(0, 50), st.data())
def test_window_has_the_right_bytes_or_none(chunks: list[bytes], most: int, at: int, draw: st.DataObject) -> None:
    """What is taken is what streamed by at that place; what lies too far back, or ahead, is None."""
    window, text = Window(at, most), b"".join(chunks)
    passed = b"".join(window.passing(chunks))
    assert passed == text
    offset = draw.draw(st.integers(0, at + len(text) + 3))
    length = draw.draw(st.integers(0, 20))
    found = window.take(offset, length)
    inside = at <= offset and offset + length <= at + len(text)
    assert found in ((None, text[offset - at : offset - at + length]) if inside else (None,))
    if inside and offset >= at + len(text) - most:
        assert found is not None


def test_window_keeps_no_more_than_it_must() -> None:
    """A long stream leaves a few chunks behind, the last ones."""
    window = Window(0, 10)
    for _ in window.passing([b"abcd"] * 1000):
        pass
    assert window.take(3996, 4) == b"abcd"
    assert window.take(3900, 4) is None
