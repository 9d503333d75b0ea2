"""A channel and one member of it, read under the channel's lock: what decides who may change what.

Rule: what was read before the lock does not count; what a user may not see is NotFound, before any other rule is looked at.
"""

from dataclasses import dataclass

from models.channel import ChannelKind
from models.database import Transaction
from models.errors import Mistake, MistakeCode, NotFound
from models.event import EventKind, NewEvent, append_events
from models.inbox import UserEventKind, lock_inboxes, save_inboxes
from models.member import ChannelRole


@dataclass(slots=True)
class LockedChannel:
    """A channel's row and the role of the user who wants to change it; `last_event` moves with each event recorded."""

    id: int
    kind: ChannelKind
    name: str
    topic: str
    archived: bool
    last_event: int
    last_message: int
    member_count: int
    role: ChannelRole | None
    read_seq: int

    def require(self, *roles: ChannelRole, what: str) -> None:
        """Raise Mistake NOT_A_MEMBER, or NOT_ALLOWED in a direct channel or in another role."""
        if self.role is None:
            raise not_a_member()
        if self.kind is ChannelKind.DIRECT:
            raise Mistake(MistakeCode.NOT_ALLOWED, "A direct channel stays as it was opened.", ["channelId"])
        if self.role not in roles:
            raise Mistake(MistakeCode.NOT_ALLOWED, f"Your role in this channel does not let you {what}.", ["channelId"])

    def require_open(self) -> None:
        """Raise Mistake ARCHIVED."""
        if self.archived:
            raise Mistake(MistakeCode.ARCHIVED, "The channel is archived.", ["channelId"])


async def lock_channel(tx: Transaction, channel_id: int, user_id: int) -> LockedChannel:
    """Lock a channel that the user may see. Raises NotFound."""
    rows = await tx.rows(
        "SELECT kind, name, topic, archived_us, last_event, last_message, member_count FROM channels"
        f" WHERE id = $1{tx.dialect.row_lock}",
        channel_id,
    )  # fmt: skip
    members = await tx.rows(
        "SELECT role, read_seq FROM channel_members WHERE channel_id = $1 AND user_id = $2", channel_id, user_id
    )
    if not rows or (not members and rows[0]["kind"] != ChannelKind.PUBLIC.value):
        raise NotFound
    return LockedChannel(
        id=channel_id,
        kind=ChannelKind(rows[0]["kind"]),
        name=rows[0]["name"],
        topic=rows[0]["topic"],
        archived=rows[0]["archived_us"] is not None,
        last_event=rows[0]["last_event"],
        last_message=rows[0]["last_message"],
        member_count=rows[0]["member_count"],
        role=ChannelRole(members[0]["role"]) if members else None,
        read_seq=members[0]["read_seq"] if members else 0,
    )


async def record(
    tx: Transaction, channel: LockedChannel, kind: EventKind, actor_id: int, subjects: list[int], now_us: int, *, members: int = 0
) -> None:
    """Append an event about each of `subjects`, and move the head to the last; `members` is how many more there are now."""
    events = [
        NewEvent(number, kind, actor_id, subject_id=subject_id)
        for number, subject_id in enumerate(subjects, start=channel.last_event + 1)
    ]
    await append_events(tx, channel.id, events, now_us)
    channel.last_event += len(events)
    await tx.run(
        "UPDATE channels SET last_event = $2, member_count = member_count + $3 WHERE id = $1",
        channel.id, channel.last_event, members,
    )  # fmt: skip


async def log_all(tx: Transaction, user_ids: list[int], kind: UserEventKind, channel_id: int, now_us: int) -> None:
    """Add an entry about a channel to the logs of users."""
    inboxes = list((await lock_inboxes(tx, user_ids)).values())
    for inbox in inboxes:
        inbox.log(kind, channel_id=channel_id)
    await save_inboxes(tx, inboxes, now_us)


async def refuse_last_owner(tx: Transaction, channel: LockedChannel, user_id: int, field: list[str]) -> None:
    """Raise Mistake LAST_OWNER unless another owner remains. `user_id` is an owner now."""
    owners = await tx.rows(
        "SELECT user_id FROM channel_members WHERE channel_id = $1 AND role = 'OWNER' AND user_id <> $2 LIMIT 1",
        channel.id, user_id,
    )  # fmt: skip
    if not owners:
        raise Mistake(MistakeCode.LAST_OWNER, "The last owner stays one; make somebody else an owner first.", field)


async def end_membership(tx: Transaction, channel_id: int, user_id: int) -> None:
    """Remove a membership with what is counted for it."""
    await tx.run("DELETE FROM message_mentions WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)
    await tx.run("DELETE FROM channel_members WHERE channel_id = $1 AND user_id = $2", channel_id, user_id)


def not_a_member() -> Mistake:
    """Return the mistake of who does not belong to a channel."""
    return Mistake(MistakeCode.NOT_A_MEMBER, "You are not a member of this channel.", ["channelId"])
