"""A model of the server's side of `sync`, for tests of the protocol: it keeps the contract, and nothing of it is the real server.

Messages come by their last change; a token covers what was given. What is too far behind is limited, and so are rooms with
an `R` in their id, which stand for those that a token cannot name.
"""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from pollux_client.records import Channel, ChannelDelta, Inbox, Message, PollingInterval, SyncPage, User

NEWEST = 3
FAR = 5
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
ALICE = User("u1", "Alice")

# The last event given, and the seq above which messages were given up.
Place = tuple[int, int | None]


@dataclass
class Room:
    """`last_event` numbers every change; `born` holds the event that created each message."""

    id: str
    member: bool = True
    last_event: int = 0
    messages: dict[int, Message] = field(default_factory=dict)
    born: dict[int, int] = field(default_factory=dict)

    def send(self) -> None:
        self.last_event += 1
        seq = len(self.messages) + 1
        self.born[seq] = self.last_event
        self.messages[seq] = Message(f"{self.id}-{seq}", f"{self.id}:{seq}", seq, self.last_event, self.id, ALICE, "hi", BEGAN)

    def change(self, seq: int, *, delete: bool) -> None:
        self.last_event += 1
        deleted = BEGAN if delete else None
        self.messages[seq] = replace(self.messages[seq], version=self.last_event, edited_at=BEGAN, deleted_at=deleted)

    def forget_newest_half(self) -> None:
        """Go back to an older state, as a restored database does."""
        self.messages = {seq: one for seq, one in self.messages.items() if seq <= len(self.messages) // 2}
        self.last_event = max((one.version for one in self.messages.values()), default=0)

    def newest(self, count: int) -> list[Message]:
        return [
            self.messages[seq] for seq in range(len(self.messages) - min(count, len(self.messages)) + 1, len(self.messages) + 1)
        ]

    def delta(self, messages: list[Message], *, limited: bool, gap: list[Message]) -> ChannelDelta:
        channel = Channel(self.id, self.id, "", "PUBLIC", BEGAN, None, 1, None, None, 0, 0, None, "MEMBER")
        ordered = tuple(sorted(messages, key=lambda one: one.version))
        head = self.messages[len(self.messages)].cursor if self.messages else None
        return ChannelDelta(channel, ordered, limited, gap[0].cursor if limited and gap else None, head)


@dataclass
class World:
    """All rooms of one viewer. `epoch` ends where history is rewritten."""

    rooms: dict[str, Room] = field(default_factory=dict)
    epoch: int = 0
    interval_ms: int = 1000

    def rewrite(self) -> None:
        self.epoch += 1
        for room in self.rooms.values():
            room.forget_newest_half()

    def page(self, token: str | None, channel_ids: tuple[str, ...] | None, *, limit: int) -> SyncPage:
        """Return what follows a token, at most `limit` messages."""
        epoch, places = (self.epoch, {}) if token is None else json.loads(token)
        reset = None if epoch == self.epoch else "HISTORY_REWRITTEN"
        draft = _Draft({} if reset else {key: (at, above) for key, (at, above) in places.items()}, limit)
        named = [key for key in self.rooms if channel_ids is None or key in channel_ids]
        lost = [key for key in draft.places if not self.rooms[key].member]
        unseen = [key for key in named if channel_ids is not None and not self.rooms[key].member]
        for key in lost:
            del draft.places[key]
        rooms = [self.rooms[key] for key in named if self.rooms[key].member]
        changed = [room for room in rooms if draft.places.get(room.id) != (room.last_event, None)]
        for room in sorted(changed, key=lambda room: ("R" in room.id, room.id not in draft.places)):
            if not draft.more:
                draft.add(room)
        text = json.dumps([self.epoch, draft.places], sort_keys=True)
        quiet = token is not None and not (reset or draft.deltas or lost)
        interval = PollingInterval(self.interval_ms, "STEADY")
        removed = tuple(dict.fromkeys((*lost, *unseen)))
        return SyncPage(
            token if token is not None and quiet else text,
            draft.more,
            reset,
            tuple(draft.deltas),
            removed,
            (),
            Inbox(0, 0),
            interval,
        )


@dataclass
class _Draft:
    """A page in the making. `left` is how many messages may still be added."""

    places: dict[str, Place]
    left: int
    deltas: list[ChannelDelta] = field(default_factory=list)
    more: bool = False

    def __post_init__(self) -> None:
        self.limit = self.left

    def add(self, room: Room) -> None:
        if "R" in room.id:
            self._give(room, newest := room.newest(min(NEWEST, self.left)), limited=len(newest) < len(room.messages), gap=newest)
        elif room.id not in self.places:
            newest = room.newest(min(NEWEST, self.limit))
            if len(newest) > self.left:
                self.more = True
            else:
                self._give(room, newest, limited=len(newest) < len(room.messages), gap=newest)
        else:
            self._add_changes(room)

    def _add_changes(self, room: Room) -> None:
        event, above = self.places[room.id]
        known = sum(born <= event for seq, born in room.born.items() if seq in room.messages)
        if above is None and len(room.messages) - known > FAR:
            above = known
        mine = sorted((one for one in room.messages.values() if one.version > event), key=lambda one: one.version)
        newest: list[Message] = []
        if above is not None:
            mine, newest = [one for one in mine if one.seq <= above], room.newest(min(NEWEST, self.limit))
        both = list({one.seq: one for one in (*mine, *newest)}.values())
        if len(mine) + len(newest) <= self.left:
            self._give(room, both, limited=above is not None, gap=newest)
            return
        self.more = True
        given, rest = mine[: self.left], mine[self.left :]
        if given or not rest:
            self.places[room.id] = (given[-1].version if rest else room.last_event, above)
        if given:
            self.deltas.append(room.delta(given, limited=False, gap=[]))
            self.left -= len(given)

    def _give(self, room: Room, messages: list[Message], *, limited: bool, gap: list[Message]) -> None:
        self.deltas.append(room.delta(messages, limited=limited, gap=gap))
        self.left -= len(messages)
        self.places[room.id] = (room.last_event, None)
