"""Answers: whole encoded answers, served again exactly while everything they were made from is as it was.

Rule: nothing is served by age. Every poll learns the present heads through ReadIndex, as if there were no copy, and a
kept answer is used only if they, the people it shows and the values it shows are the same, and the viewer may still see
what it was made from. Where it is not, the heads just read are what the new answer is made under.
"""

import asyncio
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from cache.dependencies import Dependencies
from cache.lineage import Lineage
from cache.lru import Memory, SecondSight, compact
from cache.presence import Presence, window_s
from cache.profiles import ProfileCopies
from cache.read_index import ReadIndex
from models.head import ChannelHead, InboxHead
from models.sync import ViewerPulse

# What an answer takes beside its body, with a head and a shown value or two.
OVERHEAD_BYTES = 1500
PERSON_BYTES = 100
# Small answers are kept whenever they are asked for again, however many channels are polled; a large one displaces many
# of them, or a block of messages that serves every page in it, so it has to be asked for again soon.
SMALL_BYTES = 2_000
SMALL_ASKED_ONCE = 80_000
# Keys asked for once are remembered, so that what is asked for twice is kept and a scroll through history is not.
ASKED_ONCE = 1_000


@dataclass(slots=True, eq=False)
class Answer:
    """An encoded answer. `shared` where it is the same for all viewers; `encoded` is the HTTP edge's own, by variant.

    `sent` is to be called whenever it is sent to somebody.
    """

    body: bytes
    depends: Dependencies
    shared: bool
    poll_interval_ms: int
    sent: Callable[[], None]
    digest: str | None = None
    encoded: dict[Hashable, bytes] = field(default_factory=dict)


class Present(NamedTuple):
    """What ReadIndex said of an answer's dependencies, and whether the answer `holds`."""

    holds: bool
    heads: dict[int, ChannelHead | None]
    inbox: InboxHead | None


class Asked(NamedTuple):
    """Heads to come: of an answer's channels by id, and of the viewer's inbox where it shows something of that.

    Where it says that nothing of theirs was new, the inbox comes with the `pulse`, and `inbox` is None.
    """

    heads: "dict[int, asyncio.Future[ChannelHead | None]]"
    inbox: "asyncio.Future[InboxHead | None] | None"
    pulse: "asyncio.Future[ViewerPulse | None] | None"

    @property
    def all(self) -> "list[asyncio.Future[Any]]":
        own = self.inbox or self.pulse
        return [*self.heads.values(), own] if own is not None else [*self.heads.values()]

    @property
    def own(self) -> InboxHead | None:
        """The head of the viewer's inbox, which must be there if it was asked for."""
        if self.pulse is None:
            return self.inbox.result() if self.inbox is not None else None
        pulse = self.pulse.result()
        return pulse.inbox if pulse is not None else None

    @property
    def last_profile(self) -> int:
        """The last profile change of all these heads, which must be there."""
        found = [*(coming.result() for coming in self.heads.values()), self.own]
        return max((head.last_profile for head in found if head is not None), default=0)

    def present(self, *, holds: bool) -> Present:
        """Return these heads, which must be there."""
        return Present(holds, {channel_id: coming.result() for channel_id, coming in self.heads.items()}, self.own)


class Answers:
    """Keeps answers by key.

    `tick` gives something that is equal while no value that answers show can have changed. `hits` and `stale` count what
    looking at an answer gave.
    """

    def __init__(
        self,
        read_index: ReadIndex,
        profiles: ProfileCopies,
        presence: Presence,
        lineage: Lineage,
        memory: Memory,
        *,
        tick: Callable[[], Hashable],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_index = read_index
        self._profiles = profiles
        self._presence = presence
        self._tick = tick
        self._clock_s = clock_s
        self._lineage = lineage
        self._kept = memory
        self._asked = SecondSight(ASKED_ONCE)
        self._small_asked = SecondSight(SMALL_ASKED_ONCE)
        self.hits = 0
        self.stale = 0

    def get(self, key: Hashable) -> Answer | None:
        """Return the answer kept under `key`, which is to be checked."""
        found: Answer | None = self._kept.get(key)
        return found

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep an answer from the second time on that its key is asked for."""
        asked = self._small_asked if len(answer.body) <= SMALL_BYTES else self._asked
        if answer.depends.kept and asked.seen_before(key):
            answer.body = compact(answer.body)
            self._kept.put(key, answer, len(answer.body) + OVERHEAD_BYTES + PERSON_BYTES * len(answer.depends.people))

    async def check(self, answer: Answer, viewer_id: int) -> Present:
        """Return whether an answer holds for a viewer at this moment. Raises Unavailable."""
        asked = self.ask(answer, viewer_id)
        for coming in asked.all:
            await coming
        present = self.judge(answer, asked, viewer_id)
        if present is None:
            holds = await self._knows_everybody(answer.depends, asked.last_profile)
            present = self._judged(answer, asked, viewer_id, holds=holds)
        return present

    def ask(self, answer: Answer, viewer_id: int) -> Asked:
        """Ask for the heads that an answer depends on: all of them, before the first is waited for."""
        depends, read_index = answer.depends, self._read_index
        heads = {channel_id: read_index.channels.get((channel_id, viewer_id)) for channel_id in depends.heads}
        if depends.pulse is not None:
            return Asked(heads, None, read_index.pulses.get(viewer_id))
        return Asked(heads, read_index.inboxes.get(viewer_id) if depends.inbox is not None else None, None)

    def judge(self, answer: Answer, asked: Asked, viewer_id: int) -> Present | None:
        """Return whether an answer holds, when all that it asked for is there; None where the people it shows are to be
        looked at before that is known. Raises Unavailable.
        """
        depends, shared = answer.depends, answer.shared
        holds = self._clock_s() < depends.until_s
        for channel_id, coming in asked.heads.items():
            holds = holds and _is_as_before(depends.heads[channel_id], coming.result(), shared=shared)
        if asked.pulse is not None:
            pulse = asked.pulse.result()
            holds = holds and pulse is not None and depends.pulse is not None and _is_as_quiet(depends.pulse, pulse)
        if depends.inbox is not None:
            inbox = asked.own
            holds = holds and inbox is not None and inbox.version == depends.inbox.version
        holds = holds and self._shows_the_same(depends)
        if holds and depends.people and asked.last_profile > depends.last_profile:
            return None
        return self._judged(answer, asked, viewer_id, holds=holds)

    def _judged(self, answer: Answer, asked: Asked, viewer_id: int, *, holds: bool) -> Present:
        present = asked.present(holds=holds)
        if holds:
            self.hits += 1
            self._see(answer, present.heads, viewer_id)
        else:
            self.stale += 1
        return present

    def _shows_the_same(self, depends: Dependencies) -> bool:
        """Whether the values an answer shows are those that would be shown now; they hold for a tick."""
        tick = self._tick()
        if depends.same_at != tick:
            for look, value in depends.shown:
                if look() != value:
                    return False
            depends.same_at = tick
        return True

    def _see(self, answer: Answer, heads: dict[int, ChannelHead | None], viewer_id: int) -> None:
        """Count the viewer as seen where the answer says that they are."""
        for channel_id in answer.depends.present_in(heads):
            self._presence.touch(channel_id, viewer_id, seen_s=window_s(answer.poll_interval_ms))

    async def _knows_everybody(self, depends: Dependencies, last_profile: int) -> bool:
        """Whether the people an answer shows are as they were, of which it takes note."""
        epoch_hex = self._lineage.epoch_hex
        if not await self._profiles.unchanged(depends.people, epoch_hex=epoch_hex, last_profile=last_profile):
            return False
        depends.last_profile = last_profile
        return True


def _is_as_quiet(then: ViewerPulse, now: ViewerPulse) -> bool:
    """Whether nothing of all that is a viewer's has changed."""
    return now.mark == then.mark and now.inbox.version == then.inbox.version


def _is_as_before(then: ChannelHead | None, now: ChannelHead | None, *, shared: bool) -> bool:
    """Whether a channel is to a viewer what it was when the answer was made, for this viewer or, if shared, for another."""
    if now is None or not now.visible:
        return then is None
    if then is None or now.last_event != then.last_event or now.epoch_hex != then.epoch_hex:
        return False
    return shared or now.place == then.place
