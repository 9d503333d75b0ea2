"""Profiles, in the process.

Rule: every head carries the number of the last profile change there is. Copies are true as of one such number; when a
head names a later one, the people the profile log names in between are dropped before anything is used.
"""

import asyncio
from collections.abc import Iterable, Mapping

from cache.flights import Flights
from cache.lineage import Lineage
from cache.lru import Lru
from models.database import Database
from models.read_watch import declared
from models.user import Profile, changed_profiles, profiles

MAX_PROFILES = 50_000
# Beyond this many changes it is cheaper to read again what is used.
MAX_CATCH_UP = 10_000


class ProfileCopies:
    """Reads profiles by user id."""

    def __init__(self, db: Database, lineage: Lineage) -> None:
        self._db = db
        self._copies: Lru[int, Profile] = Lru(MAX_PROFILES)
        self._lineage = lineage
        # What the copies are true as of: an epoch and a number of its profile log.
        self._claim = (lineage.epoch_hex, 0)
        lineage.on_change(self._forget)
        self._misses: Flights[int, Profile] = Flights(self._read)

    async def get(self, user_ids: Iterable[int], *, epoch_hex: str, last_profile: int) -> dict[int, Profile]:
        """Return the profiles of those of `user_ids` that exist, none older than profile change `last_profile`.

        Epoch and number are those of a head this request read. Raises Unavailable where the store cannot answer.
        """
        wanted = set(user_ids)
        if epoch_hex != self._lineage.epoch_hex:
            return {profile.user_id: profile for profile in await profiles(self._db, list(wanted))}
        if last_profile > self._claim[1]:
            await self._catch_up(last_profile)
        found = {user_id: copy for user_id in wanted if (copy := self._copies.get(user_id)) is not None}
        if len(found) == len(wanted):
            return found
        missing = await asyncio.gather(*(self._misses.get(user_id) for user_id in wanted - found.keys()))
        return found | {profile.user_id: profile for profile in missing if profile is not None}

    async def unchanged(self, people: Mapping[int, int], *, epoch_hex: str, last_profile: int) -> bool:
        """Whether people are all as they were after the changes that `people` names by user id, after change `last_profile`.

        Raises Unavailable.
        """
        return numbers_of(await self.get(people, epoch_hex=epoch_hex, last_profile=last_profile)) == people

    def _forget(self) -> None:
        self._copies.clear()
        self._claim = (self._lineage.epoch_hex, 0)

    async def _catch_up(self, last_profile: int) -> None:
        epoch_hex, number = self._claim
        changed = None
        if len(self._copies) and last_profile - number <= MAX_CATCH_UP:
            with declared():  # the head that this was asked under says how far the log has come
                changed = await changed_profiles(self._db, number, last_profile)
        if self._claim[0] != epoch_hex:
            return  # the epoch ended meanwhile, and with it every copy
        if changed is None:
            self._copies.clear()
        else:
            for user_id in changed:
                self._copies.forget(user_id)
        self._claim = (epoch_hex, max(self._claim[1], last_profile))

    async def _read(self, user_ids: list[int]) -> dict[int, Profile]:
        claim = self._claim
        found = {profile.user_id: profile for profile in await profiles(self._db, user_ids)}
        # A change that another request caught up with meanwhile may not be in what was read.
        if claim == self._claim:
            for user_id, profile in found.items():
                self._copies.put(user_id, profile)
        return found


def numbers_of(people: Mapping[int, Profile]) -> dict[int, int]:
    """Return the number of the last change of each profile, by user id: two equal numbers of one person are one state."""
    return {user_id: profile.number for user_id, profile in people.items()}
