"""ReadIndex: the present heads of channels and inboxes, read from the primary, shared by all polls that wait.

Rule: the statement that answers a poll begins after the poll arrived. Heads are never kept; only the highest numbers
seen are, because flights follow one another: a later one that sees less is proof that the database went back.
"""

from collections.abc import Awaitable, Collection, Sequence
from itertools import islice

from cache.flights import Flights
from cache.lineage import Lineage
from models.database import Database
from models.errors import NotFound
from models.head import ChannelHead, InboxHead, channel_heads, inbox_heads, last_numbers
from models.histogram import Histogram
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
        self._highest_event: dict[int, int] = {}
        self._highest_log: dict[int, int] = {}
        lineage.on_change(self._highest_event.clear)
        lineage.on_change(self._highest_log.clear)
        self.channels: Flights[tuple[int, int], ChannelHead] = Flights(self._read_channels, gap_s=gap_s)
        self.inboxes: Flights[int, InboxHead] = Flights(self._read_inboxes, gap_s=gap_s)
        self._pulses: Flights[int, ViewerPulse] = Flights(self._read_pulses, gap_s=gap_s)
        self._viewers: Flights[int, ViewerHeads] = Flights(self._read_viewers, gap_s=gap_s)

    @property
    def sizes(self) -> dict[str, Histogram]:
        """How many keys each flight carried, by what it read."""
        return {
            "channel": self.channels.sizes,
            "inbox": self.inboxes.sizes,
            "pulse": self._pulses.sizes,
            "viewer": self._viewers.sizes,
        }

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
        for head in channels or inboxes:
            await self._lineage.follow(head.epoch_hex)
            break  # all of one statement are of one epoch
        epoch_hex = self._lineage.epoch_hex
        # Heads of another epoch: another flight learned of a newer one meanwhile; these numbers are of the old one.
        lower = _lower(
            self._highest_event, [(head.channel_id, head.last_event) for head in channels if head.epoch_hex == epoch_hex]
        )
        if lower is not None:
            await self._lineage.rewound(f"channel {lower[0]} is at event {lower[1]} again")
            return False
        lower = _lower(self._highest_log, [(head.user_id, head.last_log) for head in inboxes if head.epoch_hex == epoch_hex])
        if lower is not None:
            await self._lineage.rewound(f"inbox {lower[0]} is at entry {lower[1]} again")
            return False
        return True


def _lower(highest: dict[int, int], numbers: list[tuple[int, int]]) -> tuple[int, int] | None:
    """Return the first key and number lower than it was seen before, None where there is none; the highest are remembered."""
    for key, number in numbers:
        known = highest.get(key, -1)
        if number < known:
            return key, number
        if number > known:
            if known < 0 and len(highest) >= MAX_WATCHED:
                for oldest in list(islice(highest, MAX_WATCHED // 10)):
                    del highest[oldest]
            highest[key] = number
    return None
