"""Changing a channel's name, topic and whether it is archived.

Rule: the change takes an event number under the channel's lock, which becomes the head's `meta_version`, so that copies of
the metadata know that they are old. An archived channel takes no change but being opened again.
"""

from typing import NamedTuple

from models.channel import name_key_of, search_text_of
from models.database import Database, DuplicateRow, Transaction
from models.errors import Mistake, MistakeCode
from models.event import EventKind, NewEvent, append_events
from models.locked_channel import LockedChannel, lock_channel
from models.member import ChannelRole


class ChannelChange(NamedTuple):
    """What is to be different, None for what stays. Texts are already trimmed and bounded."""

    name: str | None = None
    topic: str | None = None
    archived: bool | None = None


async def update_channel(db: Database, channel_id: int, user_id: int, change: ChannelChange, now_us: int) -> None:
    """Change a channel; what it is already changes nothing. Names and topics are owners' and moderators', archiving owners'.

    Raises NotFound where the user may not see the channel; Mistake NOT_A_MEMBER, NOT_ALLOWED, ARCHIVED, TAKEN.
    """
    try:
        async with db.transaction() as tx:
            channel = await lock_channel(tx, channel_id, user_id)
            channel.require(ChannelRole.OWNER, ChannelRole.MODERATOR, what="change it")
            if change.archived is not None:
                channel.require(ChannelRole.OWNER, what="archive it")
            if change.archived is not False:
                channel.require_open()
            await _write(tx, channel, user_id, change, now_us)
    except DuplicateRow:
        raise Mistake(MistakeCode.TAKEN, "A public channel already has this name.", ["input", "name"]) from None


async def _write(tx: Transaction, channel: LockedChannel, user_id: int, change: ChannelChange, now_us: int) -> None:
    name = channel.name if change.name is None else change.name
    topic = channel.topic if change.topic is None else change.topic
    archived = channel.archived if change.archived is None else change.archived
    kinds = []
    if (name, topic) != (channel.name, channel.topic):
        kinds.append(EventKind.METADATA)
    if archived != channel.archived:
        kinds.append(EventKind.ARCHIVED if archived else EventKind.REOPENED)
    if not kinds:
        return
    last_event = channel.last_event + len(kinds)
    await tx.run(
        "UPDATE channels SET name = $2, name_key = $3, topic = $4, search_text = $5,"
        " archived_us = CASE WHEN $6 = 0 THEN NULL ELSE coalesce(archived_us, $7) END, last_event = $8, meta_version = $8"
        " WHERE id = $1",
        channel.id, name, name_key_of(channel.kind, name), topic, search_text_of(name, topic), int(archived), now_us, last_event,
    )  # fmt: skip
    events = [NewEvent(number, kind, user_id) for number, kind in enumerate(kinds, start=channel.last_event + 1)]
    await append_events(tx, channel.id, events, now_us)
