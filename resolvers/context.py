"""One request: who asks, and the heads it has read.

Rule: one head per channel and request, so that one answer speaks of one moment; a mutation forgets them, so that what
it returns is what it did.
"""

import asyncio
import time
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeAlias, TypeVar

from cache.dependencies import Dependencies
from cache.flights import Flights
from cache.presence import Presence
from cache.profiles import numbers_of
from models.database import Database
from models.errors import NotFound
from models.head import ChannelHead, InboxHead
from models.message import MessageRecord, messages_at
from models.reaction import reactions_of
from models.read_watch import declared
from models.user import Profile, profiles_of_uids
from realtime.pacing import ClientActivity, Interval
from resolvers.services import Services

SERVICE_ROLES = frozenset({"service", "admin"})
# What is known of somebody's presence counts for as long as a snapshot of it does.
PRESENCE_S = 1.0

T = TypeVar("T")
# What is mostly there at once, and otherwise to be awaited.
Maybe: TypeAlias = T | Awaitable[T]


class Viewer(NamedTuple):
    """The verified bearer of a token."""

    user_id: int
    roles: frozenset[str]


@dataclass(slots=True)
class Context:
    """What the resolvers of one request share. `intervals` are the polling intervals that the answer holds.

    `began_s` is the monotonic second in which the request came.
    """

    services: Services
    viewer: Viewer
    activity: ClientActivity = ClientActivity.ACTIVE
    began_s: float = field(default_factory=time.monotonic)
    intervals: list[Interval] = field(default_factory=list)
    depends: Dependencies = field(default_factory=Dependencies)
    # Heads that were read for this request before it was executed; which of them the answer depends on shows then.
    _given: dict[int, ChannelHead | None] = field(default_factory=dict)
    _given_inbox: InboxHead | None = None
    _heads: dict[int, asyncio.Future[ChannelHead | None]] = field(default_factory=dict)
    _inbox: asyncio.Future[InboxHead] | None = None
    _messages: Flights[tuple[int, int], MessageRecord] | None = None
    _own_reactions: Flights[tuple[int, int], frozenset[str]] | None = None
    _online: Flights[int, bool] | None = None
    _uids: Flights[str, Profile] | None = None

    async def find_head(self, channel_id: int) -> ChannelHead | None:
        """Return the head of a channel that the viewer may see, else None. Raises Unavailable."""
        if channel_id in self.depends.heads:
            return self.depends.heads[channel_id]
        if channel_id in self._given:
            seen = self.depends.heads[channel_id] = self._given[channel_id]
            return seen
        reading = self._heads.get(channel_id)
        if reading is None:
            with declared():
                reading = asyncio.ensure_future(self.services.read_index.channel(channel_id, self.viewer.user_id))
            self._heads[channel_id] = reading
        head = await reading
        seen = self.depends.heads[channel_id] = head if head is not None and head.visible else None
        return seen

    async def head(self, channel_id: int) -> ChannelHead:
        """Return the head of a channel that the viewer may see. Raises NotFound, Unavailable."""
        head = await self.find_head(channel_id)
        if head is None:
            raise NotFound
        return head

    async def inbox(self) -> InboxHead:
        """Return the head of the viewer's inbox. Raises Unavailable."""
        if self.depends.inbox is None and self._given_inbox is not None:
            self.depends.inbox = self._given_inbox
        if self.depends.inbox is None:
            if self._inbox is None:
                with declared():
                    self._inbox = asyncio.ensure_future(self.services.read_index.inbox(self.viewer.user_id))
            self.depends.inbox = await self._inbox
        return self.depends.inbox

    async def profiles(self, user_ids: Iterable[int]) -> dict[int, Profile]:
        """Return the profiles of users, as fresh as this request's heads. Raises Unavailable."""
        newest = await self._newest_head()
        with declared():
            found = await self.services.profiles.get(user_ids, epoch_hex=newest.epoch_hex, last_profile=newest.last_profile)
        self.depends.knows(numbers_of(found), newest.last_profile)
        return found

    def started_from(self, heads: Mapping[int, ChannelHead | None], inbox: InboxHead | None) -> None:
        """Use heads that were read for this request already, to see whether a kept answer still holds."""
        self._given.update((key, head if head is not None and head.visible else None) for key, head in heads.items())
        self._given_inbox = inbox

    def start_again(self) -> None:
        """Forget what one way of answering has gathered, before another way is tried under the same heads."""
        self.intervals.clear()
        self.depends = Dependencies(heads=self.depends.heads, inbox=self.depends.inbox)

    async def message(self, channel_id: int, seq: int) -> MessageRecord | None:
        """Return one message of a channel that the viewer may see, else None; reads of one moment share a statement."""
        head = await self.find_head(channel_id)
        if head is None or not 1 <= seq <= head.last_message:
            return None
        if self._messages is None:
            self._messages = Flights(partial(_messages_at, self.services.db))
        with declared():  # the head covers it
            return await self._messages.get((channel_id, seq))

    async def own_reactions(self, channel_id: int, seq: int) -> frozenset[str]:
        """Return the viewer's emoji at a message that this request has read; reads of one moment share a statement."""
        if self._own_reactions is None:
            self._own_reactions = Flights(partial(reactions_of, self.services.db, self.viewer.user_id))
        with declared():  # the head covers them
            return await self._own_reactions.get((channel_id, seq)) or frozenset()

    async def profile_of_uid(self, uid: str) -> Profile | None:
        """Return a person by the hash in their node id, else None; questions of one moment share a statement."""
        if self._uids is None:
            self._uids = Flights(partial(_by_uid, self.services.db))
        newest = await self._newest_head()  # before the profile, so that the profile is at least as new
        with declared():
            profile = await self._uids.get(uid)
        if profile is None:
            self.depends.unkept()  # whoever appears later has had no version yet
        else:
            self.depends.knows({profile.user_id: profile.number}, newest.last_profile)
        return profile

    async def online(self, user_id: int) -> bool | None:
        """Return whether a user is online, None when unknown; questions of one moment share a look."""
        if self._online is None:
            self._online = Flights(partial(_online, self.services.presence))
        self.depends.ends(time.monotonic() + PRESENCE_S)
        with declared():
            return await self._online.get(user_id)

    def undeclared(self, read: object) -> None:
        """Take note of a read that says nothing of what the answer depends on."""
        self.depends.undeclared(read)

    def mutated(self) -> None:
        """Forget what was read before a change."""
        self._given.clear()
        self._heads.clear()
        self._given_inbox = self._inbox = None
        self._messages = None
        self._own_reactions = None
        self.depends = Dependencies()

    def renewed(self) -> None:
        """Forget what the page before showed, so that the next one of a subscription speaks of a moment of its own."""
        self.mutated()
        self.intervals.clear()

    async def _newest_head(self) -> ChannelHead | InboxHead:
        """Return the head of this request that knows of the most changes of profiles."""
        heads: list[ChannelHead | InboxHead] = [head for head in self.depends.heads.values() if head is not None]
        return max(heads or [await self.inbox()], key=_last_profile)


# Functions, not methods: a context that held what reads for it would be a cycle, and stay until the collector comes.
async def _messages_at(db: Database, places: list[tuple[int, int]]) -> dict[tuple[int, int], MessageRecord]:
    return {(m.channel_id, m.seq): m for m in await messages_at(db, places)}


async def _online(presence: Presence, user_ids: list[int]) -> dict[int, bool]:
    online = await presence.online(user_ids)
    return {} if online is None else {user_id: user_id in online for user_id in user_ids}


async def _by_uid(db: Database, uids: list[str]) -> dict[str, Profile]:
    return {profile.uid: profile for profile in await profiles_of_uids(db, uids)}


def _last_profile(head: ChannelHead | InboxHead) -> int:
    return head.last_profile
