"""Fragments: a page is the same whichever blocks it is cut from, and nobody is shown in two states."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

from cache.blocks import SharedBlocks
from cache.dependencies import Dependencies
from cache.fragments import BLOCK, Fragments, Loaded, Selection
from cache.lru import Lru
from cache.profiles import ProfileCopies
from cache.redis_level import RedisLevel
from models.channel import ChannelKind
from models.head import ChannelHead

SELECTION = Selection("all", lambda item: cast(bytes, item))


class Room:
    """A channel whose messages say who wrote them; `loads` are the ranges that were read."""

    def __init__(self) -> None:
        self.name, self.number, self.messages, self.changes = "a", 1, 0, 0
        self.loads: list[tuple[int, int]] = []

    def head(self) -> ChannelHead:
        change = self.messages + self.changes if self.changes else 0
        return ChannelHead(
            "e", 7, ChannelKind.PUBLIC, self.messages + self.changes, self.messages, change, 1, 1, False, None, 0, 0, self.number
        )

    async def load(self, first: int, last: int) -> Loaded:
        self.loads.append((first, last))
        items = [f'"{seq}{self.name}{self.changes}"'.encode() for seq in range(first, last + 1)]
        return Loaded(items, {1: self.number})

    async def unchanged(self, people: Mapping[int, int], **_: Any) -> bool:
        return people == {1: self.number}

    def rename(self) -> None:
        self.name, self.number = chr(ord(self.name) + 1), self.number + 1

    def expected(self, first: int, last: int) -> bytes:
        return b"[" + b",".join(f'"{seq}{self.name}{self.changes}"'.encode() for seq in range(first, last + 1)) + b"]"


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.fixture
def fragments(room: Room) -> Fragments:
    return Fragments(cast(ProfileCopies, room), Lru(1 << 20), SharedBlocks(RedisLevel(None), ""))


async def _page(fragments: Fragments, room: Room, first: int, last: int, head: ChannelHead | None = None) -> bytes:
    found = fragments.page(Dependencies(), head or room.head(), first, last, SELECTION, room.load)
    return found if isinstance(found, bytes) else await found


async def test_pages_after_any_cursor_are_cut_from_the_same_blocks(fragments: Fragments, room: Room) -> None:
    room.messages = 3 * BLOCK + 5
    assert await _page(fragments, room, 1, room.messages) == room.expected(1, room.messages)
    room.loads.clear()
    for first in range(1, room.messages, 7):
        last = min(room.messages, first + 49)
        assert await _page(fragments, room, first, last) == room.expected(first, last)
    assert room.loads == []


async def test_new_messages_are_read_alone(fragments: Fragments, room: Room) -> None:
    room.messages = 10
    await _page(fragments, room, 1, 10)
    room.messages = 12
    assert await _page(fragments, room, 9, 12) == room.expected(9, 12)
    assert room.loads == [(1, 10), (11, 12)]


async def test_a_change_and_a_new_name_show(fragments: Fragments, room: Room) -> None:
    room.messages = 10
    await _page(fragments, room, 1, 10)
    room.changes = 1
    assert await _page(fragments, room, 1, 10) == room.expected(1, 10)
    room.rename()
    assert await _page(fragments, room, 1, 10) == room.expected(1, 10)


async def test_who_is_renamed_while_a_block_grows_is_not_shown_by_both_names(fragments: Fragments, room: Room) -> None:
    room.messages = 10
    await _page(fragments, room, 1, 10)
    room.messages, head = 12, room.head()._replace(last_message=12, last_event=12)
    room.rename()  # after this poll's head was read
    assert await _page(fragments, room, 1, 12, head) == room.expected(1, 12)
    assert await _page(fragments, room, 1, 12) == room.expected(1, 12)


async def test_who_is_renamed_between_two_blocks_is_not_shown_by_both_names(fragments: Fragments, room: Room) -> None:
    room.messages = 2 * BLOCK
    head = room.head()
    await _page(fragments, room, 1, 10, head)
    room.rename()  # committed, but no poll's head says so yet
    await _page(fragments, room, BLOCK + 1, 2 * BLOCK, head)
    depends = Dependencies()
    page = fragments.page(depends, head, 10, BLOCK + 10, SELECTION, room.load)
    assert not isinstance(page, bytes)
    assert await page == room.expected(10, BLOCK + 10)
    assert depends.kept
    assert await _page(fragments, room, 1, 2 * BLOCK, head) == room.expected(1, 2 * BLOCK)
    assert await _page(fragments, room, 1, 2 * BLOCK) == room.expected(1, 2 * BLOCK)


async def test_polls_that_fill_the_same_block_at_once_agree(fragments: Fragments, room: Room) -> None:
    room.messages = 100
    pages = await asyncio.gather(*(_page(fragments, room, 20, 69) for _ in range(5)))
    assert set(pages) == {room.expected(20, 69)}


def test_an_answer_that_shows_somebody_in_two_states_is_not_kept() -> None:
    depends = Dependencies()
    depends.knows({1: 5}, 5)
    depends.knows({1: 5, 2: 4}, 5)
    assert depends.kept
    depends.knows({1: 6}, 6)
    assert not depends.kept
