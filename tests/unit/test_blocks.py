"""Blocks on their way through Redis: they come back as they were, and whatever else comes back is refused."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.blocks import LONGEST_PACKED_BYTES, Block, _sum
from cache.redis_level import Unreadable

FRAGMENTS = st.lists(st.text(min_size=1).map(lambda text: text.encode()), min_size=1, max_size=20)
NUMBERS = st.integers(0, 1 << 62)


def _block(fragments: list[bytes], as_of: int = 1, last_profile: int = 2, people: dict[int, int] | None = None) -> Block:
    ends = array("I")
    for one in fragments:
        ends.append((ends[-1] + 1 if ends else 0) + len(one))
    return Block.of(as_of, last_profile, people or {}, b",".join(fragments), ends)


@given(FRAGMENTS, NUMBERS, NUMBERS, st.dictionaries(NUMBERS, NUMBERS))
def test_a_block_comes_back_as_it_was(fragments: list[bytes], as_of: int, last_profile: int, people: dict[int, int]) -> None:
    block = _block(fragments, as_of, last_profile, people)
    assert Block.decoded("name", block.encoded("name")) == block
    with pytest.raises(Unreadable):
        Block.decoded("another name", block.encoded("name"))


@given(FRAGMENTS, st.data())
def test_any_cut_of_a_block_is_its_fragments(fragments: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(fragments) - 1))
    last = data.draw(st.integers(first, len(fragments) + 2))
    assert _block(fragments).cut(first, last) == b",".join(fragments[first : last + 1])


@given(FRAGMENTS, st.data())
def test_a_block_that_is_not_whole_is_refused(fragments: list[bytes], data: st.DataObject) -> None:
    value = bytearray(_block(fragments).encoded("name"))
    place = data.draw(st.integers(0, len(value) - 1))
    if data.draw(st.booleans()):
        value[place] ^= data.draw(st.integers(1, 255))
    else:
        del value[place:]
    with pytest.raises(Unreadable):
        Block.decoded("name", bytes(value))


@pytest.mark.parametrize("size", [LONGEST_PACKED_BYTES // 2, LONGEST_PACKED_BYTES])
def test_a_long_block_is_kept_as_it_is_and_weighs_what_it_takes(size: int) -> None:
    block = _block([b"a" * size, b"b" * 10])
    assert block.is_packed is (size < LONGEST_PACKED_BYTES)
    assert block.cut(1, 1) == b"b" * 10
    assert (block.weight > size) is not block.is_packed


@pytest.mark.parametrize("value", [b"", b"\n", b"[]\n", b"{}\n", b"not JSON", b"[1,2,0,[-7],[]]\n", b"[1,2,0,[4294967296],[]]\n"])
@pytest.mark.parametrize("summed", [True, False])
def test_what_another_wrote_is_refused(value: bytes, summed: bool) -> None:
    with pytest.raises(Unreadable):
        Block.decoded("name", (_sum("name", value) if summed else b"") + value)
