"""Fragments: the encoded JSON of messages, by selection, in blocks of consecutive seqs, in the process.

Rule: a block says as of which event its fragments are true, and which people they show. It is used while the head's
`last_change` is not beyond that event and those people are as they were; a page is cut out of blocks, so that pages
after different cursors share them, and shows nobody in two states. Only what all viewers see alike is ever in a fragment.
"""

from array import array
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from cache.blocks import Block, BlockKey, SharedBlocks
from cache.dependencies import Dependencies, People, joined
from cache.lru import Lru, Memory
from cache.profiles import ProfileCopies
from models.head import ChannelHead

BLOCK = 64
MAX_CHANNELS = 1000
# Of a channel's newest messages blocks are shared, as the messages themselves are (cache/recent.py); of older ones hardly anybody
# asks for the same.
SHARED = 512


class Selection(NamedTuple):
    """What is selected of each message: a key that is equal for equal selections, and the encoder."""

    key: Hashable
    encode: Callable[[Any], bytes]


class Loaded(NamedTuple):
    """Messages as the encoder takes them, the people they show, and when the last of them was written."""

    items: Sequence[object]
    people: dict[int, int]
    newest_us: int = 0


_NOTHING = Loaded((), {})


class Fragments:
    """Answers pages from blocks, filling them as needed."""

    def __init__(self, profiles: ProfileCopies, memory: Memory, shared: SharedBlocks) -> None:
        self._profiles = profiles
        self._blocks = memory
        self._shared = shared
        # By channel, whom its newest block shows: mostly the same people as all others, and so one object for them all.
        self._people: Lru[int, dict[int, int]] = Lru(MAX_CHANNELS)

    def page(
        self,
        depends: Dependencies,
        head: ChannelHead,
        first: int,
        last: int,
        selection: Selection,
        load: Callable[[int, int], Awaitable[Loaded]],
    ) -> bytes | Awaitable[bytes]:
        """Return the messages first..last as the JSON of a list, at once where blocks hold them.

        `load` reads messages that none holds. Raises what it raises.
        """
        if first > last:
            return b"[]"
        numbers = range((first - 1) // BLOCK, (last - 1) // BLOCK + 1)
        blocks = []
        for number in numbers:
            block = self._blocks.get(BlockKey(head.epoch_hex, head.channel_id, number, selection.key))
            if block is None or not _holds(block, head, number, last) or block.last_profile < head.last_profile:
                return self._filled(depends, head, first, last, selection, load)
            blocks.append(block)
        people = joined(*(block.people for block in blocks))
        if people is None:
            return self._filled(depends, head, first, last, selection, load)
        return _cut(depends, blocks, people, first, last)

    async def _filled(
        self,
        depends: Dependencies,
        head: ChannelHead,
        first: int,
        last: int,
        selection: Selection,
        load: Callable[[int, int], Awaitable[Loaded]],
    ) -> bytes:
        numbers = range((first - 1) // BLOCK, (last - 1) // BLOCK + 1)
        keys = [BlockKey(head.epoch_hex, head.channel_id, number, selection.key) for number in numbers]
        blocks = await self._found(keys, head)
        lacking = [place for place, block in enumerate(blocks) if block is None or not _holds(block, head, numbers[place], last)]
        loaded, low = _NOTHING, first
        if lacking:
            # One read for all that is lacking, however it is spread: mostly it is all, or the newest few.
            low = numbers[lacking[0]] * BLOCK + 1 + _length(blocks[lacking[0]])
            loaded = await load(low, min((numbers[lacking[-1]] + 1) * BLOCK, head.last_message))
        people = joined(loaded.people, *(block.people for block in blocks if block is not None))
        if people is None:
            # Somebody changed meanwhile: some blocks, or what they lack, show them as they were, others as they are.
            blocks, lacking, low = [None] * len(blocks), list(range(len(blocks))), numbers[0] * BLOCK + 1
            loaded = await load(low, min((numbers[-1] + 1) * BLOCK, head.last_message))
            people = loaded.people
        whole, share = [], {}
        for place, (key, block) in enumerate(zip(keys, blocks, strict=True)):
            if place in lacking:
                done = _extended(block, head, key.number, selection, loaded, low)
                done = replace(done, newest_us=loaded.newest_us if place == len(blocks) - 1 else 0)
                # While a block grows, each process adds for itself what it lacks.
                if (block is None or len(done) == BLOCK) and _is_shared(key, head):
                    share[key] = done
            else:
                assert block is not None
                done = block
            done = replace(done, people=self._one_for_all(head.channel_id, done.people))
            if _is_news(done, self._blocks.get(key)):
                self._blocks.put(key, done, done.weight)
            else:
                share.pop(key, None)  # another poll went ahead while this one waited
            whole.append(done)
        self._shared.put(share)
        return _cut(depends, whole, people, first, last)

    def _one_for_all(self, channel_id: int, people: dict[int, int]) -> dict[int, int]:
        known = self._people.get(channel_id)
        if known == people:
            return known
        self._people.put(channel_id, people)
        return people

    async def _found(self, keys: Sequence[BlockKey], head: ChannelHead) -> list[Block | None]:
        """Return the blocks of this process or another that are right under `head`, as far as they reach."""
        known = [self._blocks.get(key) for key in keys]
        # What is there and right no more is so in Redis, mostly.
        absent = [key for key, block in zip(keys, known, strict=True) if block is None and _is_shared(key, head)]
        shared = dict(zip(absent, await self._shared.get(absent), strict=True)) if absent else {}
        return [await self._renewed(known[place] if key not in shared else shared[key], head) for place, key in enumerate(keys)]

    async def _renewed(self, block: Block | None, head: ChannelHead) -> Block | None:
        """Return the block if what it holds is still right under `head`, None if it is to be made anew."""
        if block is None or head.last_change > block.as_of:
            return None
        if block.last_profile >= head.last_profile:
            return block
        if not await self._profiles.unchanged(block.people, epoch_hex=head.epoch_hex, last_profile=head.last_profile):
            return None
        return replace(block, last_profile=head.last_profile)


def _extended(block: Block | None, head: ChannelHead, number: int, selection: Selection, loaded: Loaded, low: int) -> Block:
    """Return a block with all that the channel has of it by now; `loaded` begins at seq `low`."""
    start = number * BLOCK + 1
    items = loaded.items[start + _length(block) - low : start + BLOCK - low]
    pieces, ends, people = [], array("I"), dict(loaded.people)
    if block is not None and len(block):
        pieces, ends, people = [block.json()], array("I", block.ends), {**block.people, **people}
    for item in items:
        pieces.append(selection.encode(item))
        ends.append((ends[-1] + 1 if ends else 0) + len(pieces[-1]))
    return Block.of(head.last_event, head.last_profile, people, b",".join(pieces), ends)


def _is_shared(key: BlockKey, head: ChannelHead) -> bool:
    """Whether a block holds some of the newest messages."""
    return (key.number + 1) * BLOCK > head.last_message - SHARED


def _is_news(block: Block, known: Block | None) -> bool:
    """Whether a block says more, or of a later event, than the one that is known."""
    return known is None or (known.as_of, len(known)) <= (block.as_of, len(block))


def _length(block: Block | None) -> int:
    return len(block) if block is not None else 0


def _holds(block: Block, head: ChannelHead, number: int, last: int) -> bool:
    """Whether a block is right under `head` and reaches as far as the page does."""
    reach = min((number + 1) * BLOCK, last) - number * BLOCK
    return head.last_change <= block.as_of and len(block) >= reach


def _cut(depends: Dependencies, blocks: list[Block], people: People, first: int, last: int) -> bytes:
    depends.knows(people, min(block.last_profile for block in blocks))
    pieces = []
    start = (first - 1) // BLOCK * BLOCK + 1
    for block in blocks:
        pieces.append(block.cut(max(0, first - start), last - start))
        start += BLOCK
    if last == start - BLOCK + len(blocks[-1]) - 1:
        depends.newest_us = max(depends.newest_us, blocks[-1].newest_us)
    return b"[" + b",".join(pieces) + b"]"
