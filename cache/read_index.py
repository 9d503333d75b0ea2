"""ReadIndex: the present heads of channels and inboxes, read from the primary, shared by all polls that wait.

Rule: the statement that answers a poll begins after the poll arrived. Heads are never kept; only the highest numbers
seen are: a statement that began after a number was seen, and sees less, is proof that the database went back.
"""

from collections.abc import Awaitable, Collection, Iterable, Sequence
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
_NEVER = (-1, 0)


class ReadIndex:
    """The one way to learn whether something changed and whether a viewer may see it."""

    def __init__(self, db: Database, lineage: Lineage, *, gap_s: float = GAP_S) -> None:
        self._db = db
        self._lineage = lineage
        self._events, self._entries = _Highest(), _Highest()
        lineage.on_change(self._events.clear)
        lineage.on_change(self._entries.clear)
        self._moment = 0
        self.channels: Flights[tuple[int, int], ChannelHead] = Flights(self._read_channels, gap_s=gap_s)
        self.inboxes: Flights[int, InboxHead] = Flights(self._read_inboxes, gap_s=gap_s)
        self.pulses: Flights[int, ViewerPulse] = Flights(self._read_pulses, gap_s=gap_s)
        self._viewers: Flights[int, ViewerHeads] = Flights(self._read_viewers, gap_s=gap_s)

    @property
    def sizes(self) -> dict[str, Histogram]:
        """How many keys each flight carried, by what it read."""
        return {
            "channel": self.channels.sizes,
            "inbox": self.inboxes.sizes,
            "pulse": self.pulses.sizes,
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
        pulse = await self.pulses.get(user_id)
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
        began = self._now()
        heads = await channel_heads(self._db, pairs)
        return heads if await self._proved(began, heads.values(), ()) else await self._read_channels(pairs)

    async def _read_inboxes(self, user_ids: list[int]) -> dict[int, InboxHead]:
        began = self._now()
        heads = await inbox_heads(self._db, user_ids)
        return heads if await self._proved(began, (), heads.values()) else await self._read_inboxes(user_ids)

    async def _read_pulses(self, user_ids: list[int]) -> dict[int, ViewerPulse]:
        began = self._now()
        pulses = await viewer_pulses(self._db, user_ids)
        proved = await self._proved(began, (), [pulse.inbox for pulse in pulses.values()])
        return pulses if proved else await self._read_pulses(user_ids)

    async def _read_viewers(self, user_ids: list[int]) -> dict[int, ViewerHeads]:
        began = self._now()
        viewers = await viewer_heads(self._db, user_ids)
        channels = [head for viewer in viewers.values() for head in viewer.channels.values()]
        proved = await self._proved(began, channels, [viewer.inbox for viewer in viewers.values()])
        return viewers if proved else await self._read_viewers(user_ids)

    def _now(self) -> int:
        """Return a moment, later than all before it; on this clock of events, what is seen at one is seen before the next."""
        self._moment += 1
        return self._moment

    async def _proved(self, began: int, channels: Collection[ChannelHead], inboxes: Collection[InboxHead]) -> bool:
        """Take note of heads just read by a statement that `began` then.

        False where they prove that the database went back, and are to be read again.
        """
        for head in channels or inboxes:
            await self._lineage.follow(head.epoch_hex)
            break  # all of one statement are of one epoch
        epoch_hex, now = self._lineage.epoch_hex, self._now()
        # Heads of another epoch: another flight learned of a newer one meanwhile; these numbers are of the old one.
        lower = self._events.lower(
            ((head.channel_id, head.last_event) for head in channels if head.epoch_hex == epoch_hex), began, now
        )
        if lower is not None:
            await self._lineage.rewound(f"channel {lower[0]} is at event {lower[1]} again")
            return False
        lower = self._entries.lower(((head.user_id, head.last_log) for head in inboxes if head.epoch_hex == epoch_hex), began, now)
        if lower is not None:
            await self._lineage.rewound(f"inbox {lower[0]} is at entry {lower[1]} again")
            return False
        return True


class _Highest:
    """The highest number seen of each key, and when."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, int]] = {}

    def clear(self) -> None:
        self._seen.clear()

    def lower(self, numbers: Iterable[tuple[int, int]], began: int, now: int) -> tuple[int, int] | None:
        """Take note of numbers that a statement saw; return the first proved too low, with its key, None where none is.

        One that is lower than what was seen only after the statement `began` proves nothing: statements overtake each other.
        """
        seen = self._seen
        for key, number in numbers:
            known, when = seen.get(key, _NEVER)
            if number < known and when < began:
                return key, number
            if number > known:
                if known < 0 and len(seen) >= MAX_WATCHED:
                    for oldest in list(islice(seen, MAX_WATCHED // 10)):
                        del seen[oldest]
                seen[key] = number, now
        return None
