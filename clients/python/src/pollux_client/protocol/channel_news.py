"""Channel news: what of a channel's deltas is new to the client.

Rule: messages are numbered without gaps, so a client that knows the newest one it was given knows which are new, and
whether one in between has not come yet. Where it does not know, what could be new counts as new.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pollux_client.events import Gap, Head, Stale
from pollux_client.records import Channel, ChannelDelta, Message


@dataclass(slots=True)
class Staged:
    """The deltas of one channel in the pages that are given together. `begins`: nothing is known of it."""

    channel: Channel
    begins: bool
    messages: dict[int, Message] = field(default_factory=dict)
    limited: bool = False
    gap_cursor: str | None = None
    limited_head: str | None = None
    head_cursor: str | None = None

    def add(self, delta: ChannelDelta) -> None:
        """Take in a further delta, which is later than those before."""
        self.channel, self.head_cursor = delta.channel, delta.head_cursor
        for message in delta.messages:
            held = self.messages.get(message.seq)
            if held is None or held.version <= message.version:
                self.messages[message.seq] = message
        if delta.limited:
            self.limited, self.gap_cursor, self.limited_head = True, delta.gap_cursor, delta.head_cursor


class ChannelNews(NamedTuple):
    """`created` are gaps and messages in order of seq, `changed` messages that the client had been given, in order of version."""

    stale: Stale | None
    created: list[Gap | Message]
    changed: list[Message]
    head: Head


class _Start(NamedTuple):
    """The first seq that is new, None where that is not known, and what was left out before it."""

    seq: int | None
    gap: Gap | None = None


def channel_news(staged: Staged, head: Head | None, *, has_more: bool) -> ChannelNews | None:
    """Return what is new, or None while something that is still to come must be known first.

    `head` is None where nothing was given of the channel, or where it is not known what was.
    """
    messages = [staged.messages[seq] for seq in sorted(staged.messages)]
    start = _start(staged, head, messages)
    first = start.seq
    if first is None:
        if messages and has_more:
            return None
        first = _first_that_may_be_new(messages, staged.head_cursor)
    new = [one for one in messages if one.seq >= first]
    created: list[Gap | Message] = [] if start.gap is None else [start.gap]
    expected, cursor = first, None if head is None else head.cursor
    for message in new:
        if message.seq > expected:
            if has_more:
                return None
            created.append(Gap(staged.channel.id, cursor, message.cursor, None))  # the server never said it; better than silence
        created.append(message)
        expected, cursor = message.seq + 1, message.cursor
    changed = sorted((one for one in messages if one.seq < first), key=lambda one: one.version)
    stale = Stale(staged.channel.id, staged.gap_cursor) if staged.limited and not staged.begins else None
    return ChannelNews(stale, created, changed, _head(staged, head, start, new))


def _start(staged: Staged, head: Head | None, messages: Sequence[Message]) -> _Start:
    if staged.begins:
        return _Start(messages[0].seq if messages else 0)
    seqs = {one.cursor: one.seq for one in messages}
    known = None
    if head is not None:
        at = head.seq if head.seq is not None else seqs.get(head.cursor or "")
        known = None if at is None else at + 1
    if not staged.limited:
        return _Start(known)
    after = None if head is None else head.cursor
    newest = seqs.get(staged.gap_cursor or "")
    if newest is None:  # there was no room for any message
        if staged.limited_head is None or staged.limited_head == after:
            return _Start(known)
        return _Start(None, Gap(staged.channel.id, after, None, staged.limited_head))
    if known is not None and newest <= known:
        return _Start(known)
    return _Start(newest, Gap(staged.channel.id, after, staged.gap_cursor, None) if newest > 1 else None)


def _first_that_may_be_new(messages: Sequence[Message], head_cursor: str | None) -> int:
    """Return the first seq of those that end at the head with no hole between them; beyond all of them where none do."""
    if not messages:
        return 0
    first = messages[-1].seq
    if messages[-1].cursor != head_cursor:
        return first + 1
    for message in reversed(messages[:-1]):
        if message.seq != first - 1:
            break
        first = message.seq
    return first


def _head(staged: Staged, head: Head | None, start: _Start, new: Sequence[Message]) -> Head:
    if new:
        return Head(new[-1].seq, new[-1].cursor)
    if start.gap is not None:
        return Head(None, start.gap.until)
    if head is not None and not staged.begins:
        return head
    return Head(None, staged.head_cursor) if staged.head_cursor is not None else Head(0, None)
