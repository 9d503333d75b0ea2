"""Blocks on their way through Redis: they come back as they were, and whatever else comes back is refused."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.blocks import Block
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
    assert Block.decoded(block.encoded()) == block


@given(FRAGMENTS, st.data())
def test_any_cut_of_a_block_is_its_fragments(fragments: list[bytes], data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(fragments) - 1))
    last = data.draw(st.integers(first, len(fragments) + 2))
    assert _block(fragments).cut(first, last) == b",".join(fragments[first : last + 1])


@given(FRAGMENTS, st.data())
def test_bytes_that_are_no_block_are_refused_or_can_be_cut(fragments: list[bytes], data: st.DataObject) -> None:
    value = bytearray(_block(fragments).encoded())
    value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    value = value[: data.draw(st.integers(0, len(value)))]
    try:
        found = Block.decoded(bytes(value))
    except Unreadable:
        return
    assert len(found.json()) == found.ends[-1]


@pytest.mark.parametrize("value", [b"", b"\n", b"[]\n", b"[1,2,0,[],[]]\n", b"[1,2,0,[2,1],[]]\n\x01\x00\x00\x00", b"{}\n"])
def test_what_another_wrote_is_refused(value: bytes) -> None:
    with pytest.raises(Unreadable):
        Block.decoded(value)
