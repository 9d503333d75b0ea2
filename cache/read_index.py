"""ReadIndex: the present heads of channels and inboxes, read from the primary, shared by all polls that wait.

Rule: the statement that answers a poll begins after the poll arrived. Heads are never kept; only the highest numbers
seen are, because flights follow one another: a later one that sees less is proof that the database went back.
"""

from collections.abc import Awaitable, Collection, Sequence

from cache.flights import Flights
from cache.lineage import Lineage
from cache.lru import Lru
from models.database import Database
from models.errors import NotFound
from models.head import ChannelHead, InboxHead, channel_heads, inbox_heads, last_numbers
from models.sync import ViewerHeads, ViewerPulse, viewer_heads, viewer_pulses
from models.topic import Topic

MAX_WATCHED = 100_000
# A read costs the process some 100 us however many ride along; under load that is most of what a poll pays for its head.
GAP_S = 0.001


class ReadIndex:
    """The one way to learn whether something changed and whether a viewer may see it."""

    def __init__(self, db: Database, lineage: Lineage, *, gap_s: float = GAP_S) -> None:
        self._db = db
        self._lineage = lineage
        self._highest_event: Lru[int, int] = Lru(MAX_WATCHED)
        self._highest_log: Lru[int, int] = Lru(MAX_WATCHED)
        lineage.on_change(self._highest_event.clear)
        lineage.on_change(self._highest_log.clear)
        self.channels: Flights[tuple[int, int], ChannelHead] = Flights(self._read_channels, gap_s=gap_s)
        self.inboxes: Flights[int, InboxHead] = Flights(self._read_inboxes, gap_s=gap_s)
        self._pulses: Flights[int, ViewerPulse] = Flights(self._read_pulses, gap_s=gap_s)
        self._viewers: Flights[int, ViewerHeads] = Flights(self._read_viewers, gap_s=gap_s)

    def channel(self, channel_id: int, viewer_id: int) -> Awaitable[ChannelHead | None]:
        """Return the head as the viewer sees it, None where there is no such channel. Raises Unavailable."""
        return self.channels.get((channel_id, viewer_id))

    async def inbox(self, user_id: int) -> InboxHead:
        """Return the head of a user's inbox. Raises Unavailable, NotFound for a user who does not exist."""
        head = await self.inboxes.get(user_id)
        if head is None:
            raise NotFound
        return head

    async def pulse(self, user_id: int) -> ViewerPulse:
        """Return whether anything of a user's changed, as numbers. Raises Unavailable, NotFound for who does not exist."""
        pulse = await self._pulses.get(user_id)
        if pulse is None:
            raise NotFound
        return pulse

    async def viewer(self, user_id: int) -> ViewerHeads:
        """Return the heads of all that is a user's. Raises Unavailable, NotFound for who does not exist."""
        heads = await self._viewers.get(user_id)
        if heads is None:
            raise NotFound
        return heads

    async def numbers(self, topics: Sequence[Topic]) -> dict[Topic, int]:
        """Return how far topics have come, of this moment; 0 for those that nothing happened to. Raises Unavailable."""
        read = await last_numbers(self._db, topics)
        await self._lineage.follow(read.epoch_hex)
        return {topic: read.by_topic.get(topic, 0) for topic in topics}

    async def _read_channels(self, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], ChannelHead]:
        heads = await channel_heads(self._db, pairs)
        return heads if await self._proved(heads.values(), ()) else await self._read_channels(pairs)

    async def _read_inboxes(self, user_ids: list[int]) -> dict[int, InboxHead]:
        heads = await inbox_heads(self._db, user_ids)
        return heads if await self._proved((), heads.values()) else await self._read_inboxes(user_ids)

    async def _read_pulses(self, user_ids: list[int]) -> dict[int, ViewerPulse]:
        pulses = await viewer_pulses(self._db, user_ids)
        proved = await self._proved((), [pulse.inbox for pulse in pulses.values()])
        return pulses if proved else await self._read_pulses(user_ids)

    async def _read_viewers(self, user_ids: list[int]) -> dict[int, ViewerHeads]:
        viewers = await viewer_heads(self._db, user_ids)
        channels = [head for viewer in viewers.values() for head in viewer.channels.values()]
        proved = await self._proved(channels, [viewer.inbox for viewer in viewers.values()])
        return viewers if proved else await self._read_viewers(user_ids)

    async def _proved(self, channels: Collection[ChannelHead], inboxes: Collection[InboxHead]) -> bool:
        """Take note of heads just read; False where they prove that the database went back, and are to be read again."""
        heads: list[ChannelHead | InboxHead] = [*channels, *inboxes]
        if heads:
            await self._lineage.follow(heads[0].epoch_hex)
        for channel in channels:
            # Otherwise another flight learned of a newer epoch meanwhile; these numbers are of the old one.
            if channel.epoch_hex == self._lineage.epoch_hex and not _grown(
                self._highest_event, channel.channel_id, channel.last_event
            ):
                await self._lineage.rewound(f"channel {channel.channel_id} is at event {channel.last_event} again")
                return False
        for inbox in inboxes:
            if inbox.epoch_hex == self._lineage.epoch_hex and not _grown(self._highest_log, inbox.user_id, inbox.last_log):
                await self._lineage.rewound(f"inbox {inbox.user_id} is at entry {inbox.last_log} again")
                return False
        return True


def _grown(highest: Lru[int, int], key: int, number: int) -> bool:
    """Whether a number is not lower than it was seen before; the highest is remembered."""
    known = highest.get(key) or 0
    if number > known:
        highest.put(key, number)
    return number >= known
