"""Profiles, in the process.

Rule: every head carries the number of the last profile change there is. Copies are true as of one such number; when a
head names a later one, the people the profile log names in between are dropped before anything is used.
"""

import asyncio
from collections.abc import Iterable

from cachetools import LRUCache

from cache.flights import Flights
from cache.lineage import Lineage
from models.database import Database
from models.user import Profile, changed_profiles, profiles

MAX_PROFILES = 50_000
# Beyond this many changes it is cheaper to read again what is used.
MAX_CATCH_UP = 10_000


class ProfileCopies:
    """Reads profiles by user id."""

    def __init__(self, db: Database, lineage: Lineage) -> None:
        self._db = db
        self._copies: LRUCache[int, Profile] = LRUCache(MAX_PROFILES)
        self._as_of = 0
        lineage.on_change(self._forget)
        self._misses: Flights[int, Profile] = Flights(self._read)

    async def get(self, user_ids: Iterable[int], *, last_profile: int) -> dict[int, Profile]:
        """Return the profiles of those of `user_ids` that exist, none older than profile change `last_profile`.

        Raises Unavailable where the store cannot answer.
        """
        if last_profile > self._as_of:
            await self._catch_up(last_profile)
        wanted = set(user_ids)
        found = {user_id: self._copies[user_id] for user_id in wanted if user_id in self._copies}
        missing = await asyncio.gather(*(self._misses.get(user_id) for user_id in wanted - found.keys()))
        return found | {profile.user_id: profile for profile in missing if profile is not None}

    def _forget(self) -> None:
        self._copies.clear()
        self._as_of = 0

    async def _catch_up(self, last_profile: int) -> None:
        if not self._copies or last_profile - self._as_of > MAX_CATCH_UP:
            self._copies.clear()
        else:
            for user_id in await changed_profiles(self._db, self._as_of, last_profile):
                self._copies.pop(user_id, None)
        self._as_of = max(self._as_of, last_profile)

    async def _read(self, user_ids: list[int]) -> dict[int, Profile]:
        as_of = self._as_of
        found = {profile.user_id: profile for profile in await profiles(self._db, user_ids)}
        # A change that another request caught up with meanwhile may not be in what was read.
        if as_of == self._as_of:
            self._copies.update(found)
        return found
