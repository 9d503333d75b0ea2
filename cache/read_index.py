"""ReadIndex: the present heads of channels and inboxes, read from the primary, shared by all polls that wait.

Rule: the statement that answers a poll begins after the poll arrived. Heads are never kept.
"""

from cache.flights import Flights
from models.database import Database
from models.errors import NotFound
from models.head import ChannelHead, InboxHead, channel_heads, inbox_heads


class ReadIndex:
    """The one way to learn whether something changed and whether a viewer may see it."""

    def __init__(self, db: Database) -> None:
        self.channels: Flights[tuple[int, int], ChannelHead] = Flights(lambda pairs: channel_heads(db, pairs))
        self.inboxes: Flights[int, InboxHead] = Flights(lambda users: inbox_heads(db, users))

    async def channel(self, channel_id: int, viewer_id: int) -> ChannelHead | None:
        """Return the head as the viewer sees it, None where there is no such channel. Raises Unavailable."""
        return await self.channels.get((channel_id, viewer_id))

    async def inbox(self, user_id: int) -> InboxHead:
        """Return the head of a user's inbox. Raises Unavailable, NotFound for a user who does not exist."""
        head = await self.inboxes.get(user_id)
        if head is None:
            raise NotFound
        return head
