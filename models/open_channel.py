"""Opening channels, once: by client key, by the set of a direct channel's members, by a public name.

Rule: what must be unique is unique in the database; a refused insert is read again and answered as the repeat it is.
"""

import hashlib
from dataclasses import dataclass

from models.channel import ChannelKind, name_key_of, search_text_of
from models.database import Database, DuplicateRow, Transaction
from models.errors import Mistake, MistakeCode
from models.event import EventKind, NewEvent, append_events
from models.inbox import UserEventKind
from models.locked_channel import log_all
from models.member import ChannelRole, add_members


@dataclass(frozen=True, slots=True)
class NewChannel:
    """A channel to open; `member_ids` are others than the creator. Texts are already trimmed and bounded."""

    kind: ChannelKind
    name: str
    topic: str
    creator_id: int
    member_ids: tuple[int, ...]
    client_channel_id: str | None

    @property
    def name_key(self) -> str | None:
        return name_key_of(self.kind, self.name)

    @property
    def direct_key(self) -> str | None:
        """Names the set of members, whoever opens it and in whatever order."""
        if self.kind is not ChannelKind.DIRECT:
            return None
        people = sorted({self.creator_id, *self.member_ids})
        return hashlib.sha256(",".join(map(str, people)).encode()).hexdigest()


async def open_channel(db: Database, new: NewChannel, now_us: int) -> int:
    """Return the id of the channel, opened now or by an earlier call with the same client key or direct members.

    Raises Mistake TAKEN for the name of another public channel.
    """
    try:
        async with db.transaction() as tx:
            earlier = await _earlier(tx, new)
            return earlier if earlier is not None else await _open(tx, new, now_us)
    except DuplicateRow:
        # Somebody committed the same between our look and our insert.
        async with db.transaction() as tx:
            earlier = await _earlier(tx, new)
        if earlier is None:
            raise _taken() from None
        return earlier


async def _earlier(tx: Transaction, new: NewChannel) -> int | None:
    rows = await tx.rows(
        "SELECT id FROM channels WHERE (creator_id = $1 AND client_channel_id = $2) OR direct_key = $3 ORDER BY id",
        new.creator_id, new.client_channel_id, new.direct_key,
    )  # fmt: skip
    if rows:
        return int(rows[0]["id"])
    taken = await tx.rows("SELECT id FROM channels WHERE name_key = $1 AND archived_us IS NULL", new.name_key)
    if taken:
        raise _taken()
    return None


async def _open(tx: Transaction, new: NewChannel, now_us: int) -> int:
    people = [new.creator_id, *new.member_ids]
    rows = await tx.rows(
        "INSERT INTO channels (kind, name, name_key, topic, search_text, direct_key, client_channel_id, creator_id, created_us,"
        " last_event, last_message, last_change, meta_version, member_count, last_active_us)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0, 1, $11, $9) RETURNING id",
        new.kind.value, new.name, new.name_key, new.topic, search_text_of(new.name, new.topic), new.direct_key,
        new.client_channel_id, new.creator_id, now_us, 1 + len(people), len(people),
    )  # fmt: skip
    channel_id = int(rows[0]["id"])
    events = [NewEvent(1, EventKind.METADATA, new.creator_id)]
    events += [
        NewEvent(number, EventKind.MEMBER_JOINED, new.creator_id, subject_id=user_id)
        for number, user_id in enumerate(people, start=2)
    ]
    await append_events(tx, channel_id, events, now_us)
    first_role = ChannelRole.MEMBER if new.kind is ChannelKind.DIRECT else ChannelRole.OWNER
    await add_members(tx, channel_id, [new.creator_id], role=first_role, at_seq=0, now_us=now_us)
    await add_members(tx, channel_id, new.member_ids, role=ChannelRole.MEMBER, at_seq=0, now_us=now_us)
    await log_all(tx, people, UserEventKind.CHANNEL_JOINED, channel_id, now_us)
    return channel_id


def _taken() -> Mistake:
    return Mistake(MistakeCode.TAKEN, "A public channel already has this name.", ["input", "name"])
