"""Sightings: who counts in which room until when, and whom of them Redis is still to be told.

Rule: all work is by what changed or ends, never by how many there are. Somebody who is seen again and again is told to
Redis only when what it knows of them is about to end.
"""

from collections.abc import Hashable, Iterable, Mapping
from itertools import islice
from typing import Generic, TypeVar

R = TypeVar("R", bound=Hashable)

# How long before it ends what Redis knows is renewed: several settlings, should some fail or be full.
AHEAD_S = 8.0


class Sightings(Generic[R]):
    """Room -> user id -> the monotonic second until which they count. At most `limit` users are counted, over all rooms.

    All who are seen within `grain_s` share one number, which is still in the processor's cache where their own would not be.
    """

    def __init__(self, limit: int, *, grain_s: float = 0.0) -> None:
        self._limit = limit
        self._grain_s = grain_s
        self._count = 0
        self._until_s: dict[R, dict[int, float]] = {}
        # Rooms in the order in which they came to have something to tell.
        self._untold: dict[R, set[int]] = {}
        # By second, whom to look at again then, and until when Redis knows them: before that ends, and when it has ended.
        self._due: dict[int, list[tuple[R, int, float]]] = {}
        self._shared_s = 0.0

    def __contains__(self, room: R) -> bool:
        return room in self._until_s

    def touch(self, room: R, user_id: int, until_s: float) -> None:
        """Count a user in a room until a moment, or less than `grain_s` before it."""
        if not self._shared_s <= until_s < self._shared_s + self._grain_s:
            self._shared_s = until_s
        here = self._until_s.get(room)
        if here is None or user_id not in here:
            if self._count >= self._limit:
                return
            self._count += 1
            here = self._until_s.setdefault(room, {})
            self._untold.setdefault(room, set()).add(user_id)
        here[user_id] = self._shared_s

    def forget(self, room: R, user_id: int) -> None:
        """Count a user in a room no longer."""
        here = self._until_s.get(room, {})
        if here.pop(user_id, None) is None:
            return
        self._count -= 1
        if not here:
            del self._until_s[room]
        self._tell_no_more(room, {user_id})

    def until_s(self, room: R, user_id: int) -> float:
        """Return until when a user counts in a room, 0 where they do not."""
        return self._until_s.get(room, {}).get(user_id, 0.0)

    def present(self, room: R, now_s: float) -> list[int]:
        """Return who counts in a room now, by id."""
        return sorted(user_id for user_id, until_s in self._until_s.get(room, {}).items() if until_s > now_s)

    def look_again(self, now_s: float) -> None:
        """Find out who counts no longer, and of whom Redis is to be told again."""
        for second in [second for second in self._due if second <= now_s]:
            for room, user_id, known_s in self._due.pop(second):
                until_s = self.until_s(room, user_id)
                if until_s > known_s:
                    self._untold.setdefault(room, set()).add(user_id)
                elif until_s > now_s:
                    self._due.setdefault(int(until_s) + 1, []).append((room, user_id, until_s))
                else:
                    self.forget(room, user_id)

    def to_tell(self, now_s: float, rooms: int) -> list[R]:
        """Return the rooms of which Redis is to be told something, at most so many, who were returned longest ago first.

        Those who ended untold, because Redis is away, are forgotten.
        """
        turns = list(islice(self._untold, rooms))
        for room in turns:
            for user_id, until_s in self.untold(room).items():
                if until_s <= now_s:
                    self.forget(room, user_id)
            if room in self._untold:
                self._untold[room] = self._untold.pop(room)
        return [room for room in turns if room in self._untold]

    def untold(self, room: R) -> dict[int, float]:
        """Return whom of a room Redis is to be told, and until when they count."""
        here = self._until_s.get(room, {})
        return {user_id: here[user_id] for user_id in self._untold.get(room, ())}

    def told(self, room: R, users: Mapping[int, float]) -> None:
        """Take note that Redis knows until when users count; who counts longer by then is told before that ends."""
        self._tell_no_more(room, users)
        for user_id, until_s in users.items():
            self._due.setdefault(int(until_s - AHEAD_S), []).append((room, user_id, until_s))

    def tell_again(self) -> None:
        """Take note that Redis knows nothing."""
        self._due.clear()
        self._untold = {room: set(here) for room, here in self._until_s.items()}

    def _tell_no_more(self, room: R, users: Iterable[int]) -> None:
        untold = self._untold.get(room)
        if untold is not None:
            untold.difference_update(users)
            if not untold:
                del self._untold[room]
