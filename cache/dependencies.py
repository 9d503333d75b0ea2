"""Dependencies: what an answer was made from, said while it is made, so that it can be checked later.

Rule: a dependency is a version (of a channel, an inbox, a profile), a value that was shown and can be looked at again,
or a moment after which the answer is old. A read of the store that declares none makes the answer unkept.
"""

import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from models.head import ChannelHead, InboxHead
from models.sync import ViewerPulse
from models.sync_token import PulseMark

log = logging.getLogger("pollux.cache")

# How the log says so; tests look for it.
UNDECLARED = "a read that no dependency covers"

# Who is shown, by user id, and in which state: the number of the last change of their profile.
People = Mapping[int, int]


class News(IntEnum):
    """What an answer brings to somebody who asks what came after a place."""

    NOT_ASKED = 0
    NONE = 1
    SOME = 2


class Level(IntEnum):
    """What answered, from the quickest on."""

    RESPONSE = 0
    FRAGMENT = 1
    RECENT = 2
    STORE = 3


@dataclass(slots=True)
class Dependencies:
    """What one answer was made from, so far. `viewer_id` is whose heads they were; moments are monotonic seconds."""

    # Heads as the viewer saw them: None where they may not see the channel.
    heads: dict[int, ChannelHead | None] = field(default_factory=dict)
    inbox: InboxHead | None = None
    # Where it says that nothing of all that is the viewer's was new: their pulse then.
    pulse: ViewerPulse | None = None
    people: People = field(default_factory=dict)
    # The profile change up to which `people` are known to be as they are shown.
    last_profile: int = 0
    shown: list[tuple[Callable[[], object], object]] = field(default_factory=list)
    # When the shown values were last found to be the same.
    same_at: object = None
    until_s: float = math.inf
    # Channels that were asked for by name: asking is being seen there.
    seen_in: set[int] = field(default_factory=set)
    kept: bool = True
    # The deepest level that was read for it.
    level: Level = Level.FRAGMENT
    # What measures take note of: what it brings, when the newest message and notification it shows were written, and whether
    # it was held.
    news: News = News.NOT_ASKED
    newest_us: int = 0
    notified_us: int = 0
    held: bool = False

    def shows(self, look: Callable[[], object], value: object) -> None:
        """The answer shows `value`; it is old when `look` gives another."""
        self.shown.append((look, value))

    def knows(self, people: People, last_profile: int) -> None:
        """The answer shows `people`, as they are after profile change `last_profile`.

        One who is shown in two states, because they changed while it was made, cannot be checked later.
        """
        if not self.people:
            self.people, self.last_profile = people, last_profile
            return
        self.last_profile = min(self.last_profile, last_profile)
        both = joined(self.people, people)
        if both is None:
            self.unkept()
        self.people = {**self.people, **people} if both is None else both

    def quiet(self, inbox: InboxHead, heads: Mapping[int, ChannelHead], mark: PulseMark | None) -> None:
        """The answer shows an inbox, and says that nothing was new in channels, or by its pulse in all that is the viewer's.

        One that speaks of two moments, between which something changed, cannot be checked later.
        """
        pulse = ViewerPulse(inbox, mark) if mark is not None else None
        known = (self.inbox or inbox).version == inbox.version and (self.pulse or pulse) == pulse
        if not known or any(self.heads.get(key, head) != head for key, head in heads.items()):
            self.unkept()
        self.inbox, self.pulse = inbox, pulse
        self.heads.update(heads)

    def present_in(self, heads: Mapping[int, ChannelHead | None]) -> list[int]:
        """Return where the viewer is seen, by heads of now: in what they belong to; one without a head is theirs by the pulse."""
        return [key for key in self.seen_in if key not in heads or ((head := heads[key]) is not None and head.role is not None)]

    def ends(self, moment_s: float) -> None:
        """The answer is old from a moment on."""
        self.until_s = min(self.until_s, moment_s)

    def reached(self, level: Level) -> None:
        """The answer needed a level."""
        self.level = max(self.level, level)

    def brings(self, some: object) -> None:
        """The answer says what came after a place: some, or nothing."""
        self.news = max(self.news, News.SOME if some else News.NONE)

    def unkept(self) -> None:
        """The answer depends on what cannot be checked again cheaply."""
        self.kept = False

    def undeclared(self, read: object) -> None:
        """Somebody read without saying what the answer depends on: a defect, and the answer is not kept."""
        self.kept = False
        log.error("%s; the answer is not kept: %s", UNDECLARED, read)


def joined(*people: People) -> People | None:
    """Return all of them together, None where somebody is among them in two states."""
    whole: People = {}
    for some in people:
        if not whole:
            whole = some
        elif some is not whole:  # blocks of one channel mostly have the same
            if any(number != whole.get(user_id, number) for user_id, number in some.items()):
                return None
            whole = {**whole, **some}
    return whole
