"""One request: who asks, and the heads it has read.

Rule: one head per channel and request, so that one answer speaks of one moment; a mutation forgets them, so that what
it returns is what it did.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from cache.flights import Flights
from models.errors import NotFound
from models.head import ChannelHead, InboxHead
from models.message import MessageRecord, messages_at
from models.user import Profile, profiles_of_uids
from realtime.pacing import ClientActivity, Interval
from resolvers.services import Services

SERVICE_ROLES = frozenset({"service", "admin"})


@dataclass(frozen=True, slots=True)
class Viewer:
    """The verified bearer of a token."""

    user_id: int
    roles: frozenset[str]


@dataclass(slots=True)
class Context:
    """What the resolvers of one request share. `intervals` are the polling intervals that the answer holds."""

    services: Services
    viewer: Viewer
    activity: ClientActivity = ClientActivity.ACTIVE
    intervals: list[Interval] = field(default_factory=list)
    _heads: dict[int, asyncio.Future[ChannelHead | None]] = field(default_factory=dict)
    _inbox: asyncio.Future[InboxHead] | None = None
    _messages: Flights[tuple[int, int], MessageRecord] | None = None
    _online: Flights[int, bool] | None = None
    _uids: Flights[str, Profile] | None = None

    async def find_head(self, channel_id: int) -> ChannelHead | None:
        """Return the head of a channel that the viewer may see, else None. Raises Unavailable."""
        if channel_id not in self._heads:
            reading = self.services.read_index.channel(channel_id, self.viewer.user_id)
            self._heads[channel_id] = asyncio.ensure_future(reading)
        head = await self._heads[channel_id]
        return head if head is not None and head.visible else None

    async def head(self, channel_id: int) -> ChannelHead:
        """Return the head of a channel that the viewer may see. Raises NotFound, Unavailable."""
        head = await self.find_head(channel_id)
        if head is None:
            raise NotFound
        return head

    async def inbox(self) -> InboxHead:
        """Return the head of the viewer's inbox. Raises Unavailable."""
        if self._inbox is None:
            self._inbox = asyncio.ensure_future(self.services.read_index.inbox(self.viewer.user_id))
        return await self._inbox

    async def profiles(self, user_ids: Iterable[int]) -> dict[int, Profile]:
        """Return the profiles of users, as fresh as this request's heads. Raises Unavailable."""
        done = [head.result() for head in self._heads.values() if head.done() and not head.exception()]
        heads: list[ChannelHead | InboxHead] = [head for head in done if head is not None] or [await self.inbox()]
        newest = max(heads, key=lambda head: head.last_profile)
        return await self.services.profiles.get(user_ids, epoch_hex=newest.epoch_hex, last_profile=newest.last_profile)

    async def message(self, channel_id: int, seq: int) -> MessageRecord | None:
        """Return one message of a channel that the viewer may see, else None; reads of one moment share a statement."""
        head = await self.find_head(channel_id)
        if head is None or not 1 <= seq <= head.last_message:
            return None
        if self._messages is None:
            self._messages = Flights(self._read_messages)
        return await self._messages.get((channel_id, seq))

    async def profile_of_uid(self, uid: str) -> Profile | None:
        """Return a person by the hash in their node id, else None; questions of one moment share a statement."""
        if self._uids is None:
            self._uids = Flights(self._read_uids)
        return await self._uids.get(uid)

    async def online(self, user_id: int) -> bool | None:
        """Return whether a user is online, None when unknown; questions of one moment share a look."""
        if self._online is None:
            self._online = Flights(self._read_online)
        return await self._online.get(user_id)

    def mutated(self) -> None:
        """Forget what was read before a change."""
        self._heads.clear()
        self._inbox = None
        self._messages = None

    async def _read_messages(self, places: list[tuple[int, int]]) -> dict[tuple[int, int], MessageRecord]:
        return {(m.channel_id, m.seq): m for m in await messages_at(self.services.db, places)}

    async def _read_online(self, user_ids: list[int]) -> dict[int, bool]:
        online = await self.services.presence.online(user_ids)
        return {} if online is None else {user_id: user_id in online for user_id in user_ids}

    async def _read_uids(self, uids: list[str]) -> dict[str, Profile]:
        return {profile.uid: profile for profile in await profiles_of_uids(self.services.db, uids)}
