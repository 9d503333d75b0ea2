"""ReadIndex: the present heads of channels and inboxes, read from the primary, shared by all polls that wait.

Rule: the statement that answers a poll begins after the poll arrived. Heads are never kept; only the highest numbers
seen are, because flights follow one another: a later one that sees less is proof that the database went back.
"""

from collections.abc import Awaitable

from cache.flights import Flights
from cache.lineage import Lineage
from cache.lru import Lru
from models.database import Database
from models.errors import NotFound
from models.head import ChannelHead, InboxHead, channel_heads, inbox_heads

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

    def channel(self, channel_id: int, viewer_id: int) -> Awaitable[ChannelHead | None]:
        """Return the head as the viewer sees it, None where there is no such channel. Raises Unavailable."""
        return self.channels.get((channel_id, viewer_id))

    async def inbox(self, user_id: int) -> InboxHead:
        """Return the head of a user's inbox. Raises Unavailable, NotFound for a user who does not exist."""
        head = await self.inboxes.get(user_id)
        if head is None:
            raise NotFound
        return head

    async def _read_channels(self, pairs: list[tuple[int, int]]) -> dict[tuple[int, int], ChannelHead]:
        heads = await channel_heads(self._db, pairs)
        await self._follow([head.epoch_hex for head in heads.values()])
        for head in heads.values():
            if head.epoch_hex != self._lineage.epoch_hex:
                continue  # another flight learned of a newer epoch meanwhile; these numbers are of the old one
            highest = self._highest_event.get(head.channel_id) or 0
            if head.last_event < highest:
                await self._lineage.rewound(f"channel {head.channel_id} is at event {head.last_event} again")
                return await self._read_channels(pairs)
            if head.last_event > highest:
                self._highest_event.put(head.channel_id, head.last_event)
        return heads

    async def _read_inboxes(self, user_ids: list[int]) -> dict[int, InboxHead]:
        heads = await inbox_heads(self._db, user_ids)
        await self._follow([head.epoch_hex for head in heads.values()])
        for head in heads.values():
            if head.epoch_hex != self._lineage.epoch_hex:
                continue  # as above
            highest = self._highest_log.get(head.user_id) or 0
            if head.last_log < highest:
                await self._lineage.rewound(f"inbox {head.user_id} is at entry {head.last_log} again")
                return await self._read_inboxes(user_ids)
            if head.last_log > highest:
                self._highest_log.put(head.user_id, head.last_log)
        return heads

    async def _follow(self, epochs: list[str]) -> None:
        if epochs:
            await self._lineage.follow(epochs[0])
