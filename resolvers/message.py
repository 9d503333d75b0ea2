"""Messages: as a client sees them, one by one, and sending them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cache.dependencies import Level
from models import ids
from models.cursor import CursorCodec, CursorKind
from models.errors import BadUserInput, InvalidCursor, Mistake, MistakeCode
from models.head import ChannelHead
from models.message import MessageRecord
from models.read_watch import declared
from models.send_plan import Send
from models.text import client_key, written
from models.user import Profile
from resolvers.context import Context
from resolvers.reaction import ReactionView, reactions
from resolvers.user import UserView, user_ids_of

LONGEST_CONTENT = 4000
MAX_MENTIONS = 50


class MessageView(NamedTuple):
    """A message as a client sees it, each field made when it is asked for. Times are microseconds since 1970."""

    record: MessageRecord
    author: UserView
    mentions: list[UserView]
    cursors: CursorCodec

    @property
    def id(self) -> str:
        return ids.of_message(self.record.channel_id, self.record.seq)

    @property
    def cursor(self) -> str:
        return self.cursors.encode(CursorKind.MESSAGES, self.record.channel_id, self.record.seq)

    @property
    def seq(self) -> int:
        return self.record.seq

    @property
    def version(self) -> int:
        return self.record.version

    @property
    def channel_id(self) -> str:
        return ids.of_channel(self.record.channel_id)

    @property
    def content(self) -> str:
        return self.record.content

    @property
    def created_at(self) -> int:
        return self.record.created_us

    @property
    def edited_at(self) -> int | None:
        return self.record.edited_us

    @property
    def deleted_at(self) -> int | None:
        return self.record.deleted_us

    @property
    def client_message_id(self) -> str | None:
        return self.record.client_message_id

    @property
    def reactions(self) -> list[ReactionView]:
        return reactions(self.record)


async def records_of(ctx: Context, head: ChannelHead, first: int, last: int) -> list[MessageRecord]:
    """Return the records of the messages first..last, which must be there, oldest first. Raises Unavailable."""
    ctx.depends.reached(Level.RECENT)
    with declared():  # the head covers them
        return await ctx.services.recent.between(head, first, last)


async def people_of(ctx: Context, records: Sequence[MessageRecord]) -> dict[int, Profile]:
    """Return everybody whom messages show. Raises Unavailable."""
    return await ctx.profiles({user_id for record in records for user_id in (record.author_id, *record.mention_ids)})


async def message_views(ctx: Context, records: Sequence[MessageRecord]) -> list[MessageView]:
    """Return messages with the people in them."""
    ctx.depends.newest_us = max((ctx.depends.newest_us, *(record.created_us for record in records)))
    return views_of(ctx, records, await people_of(ctx, records)) if records else []


def views_of(ctx: Context, records: Sequence[MessageRecord], profiles: Mapping[int, Profile]) -> list[MessageView]:
    """Return messages showing people as `profiles` has them."""
    cursors = ctx.services.cursors
    people = {user_id: UserView(profile) for user_id, profile in profiles.items()}
    return [
        MessageView(record, people[record.author_id], [people[user_id] for user_id in record.mention_ids], cursors)
        for record in records
    ]


async def find_message(ctx: Context, channel_id: int, seq: int) -> MessageView | None:
    """Return one message, None where there is none or the viewer may not see its channel."""
    record = await ctx.message(channel_id, seq)
    return (await message_views(ctx, [record]))[0] if record is not None else None


async def quoted_message(ctx: Context, view: MessageView) -> MessageView | None:
    """Return the message that this one replies to."""
    seq = view.record.reply_to_seq
    return await find_message(ctx, view.record.channel_id, seq) if seq is not None else None


async def send_message(
    ctx: Context,
    *,
    channel_id: str,
    content: str,
    client_message_id: str | None,
    reply_to_id: str | None,
    mention_ids: Sequence[str],
) -> MessageView:
    """Store a message and return it as committed; a repeat of a client message id returns the first.

    Raises Mistake for what the user can mend, NotFound where they may not see the channel, Unavailable.
    """
    head = await ctx.head(channel_key(channel_id))
    if len(mention_ids) > MAX_MENTIONS:
        raise Mistake(MistakeCode.TOO_LONG, f"At most {MAX_MENTIONS} people can be mentioned.", ["input", "mentionIds"])
    send = Send(
        channel_id=head.channel_id,
        author_id=ctx.viewer.user_id,
        content=written(content, longest=LONGEST_CONTENT, field="content"),
        client_message_id=client_key(client_message_id, "clientMessageId"),
        reply_to_seq=_reply_to(head.channel_id, reply_to_id),
        mention_ids=tuple(await user_ids_of(ctx, mention_ids, "mentionIds")) if mention_ids else (),
    )
    record = await ctx.services.sends.send(send)
    ctx.services.recent.sent(record, head.epoch_hex)
    return await after_change(ctx, record)


async def after_change(ctx: Context, record: MessageRecord) -> MessageView:
    """Return a message that was just changed, under a head that was read since."""
    ctx.mutated()
    await ctx.head(record.channel_id)
    return (await message_views(ctx, [record]))[0]


def message_cursor(ctx: Context, channel_id: int, seq: int) -> str:
    """Return the cursor of a message; of seq 0, that of the very start."""
    return ctx.services.cursors.encode(CursorKind.MESSAGES, channel_id, seq)


async def message_seq(ctx: Context, head: ChannelHead, cursor: str) -> int:
    """Return the seq of a cursor. Raises InvalidCursor unless it is one of this channel, with `reset` beyond its head."""
    (seq,) = ctx.services.cursors.decode(CursorKind.MESSAGES, head.channel_id, cursor)
    if seq > head.last_message:
        # Signed here in this epoch, yet beyond what is stored: the database lost what it had acknowledged.
        await ctx.services.lineage.rewound(f"a cursor of channel {head.channel_id} is at {seq}, its head at {head.last_message}")
        raise InvalidCursor(reset=True)
    return seq


def channel_key(node_id: str) -> int:
    """Return the internal id of a channel. Raises BadUserInput for what is no channel's id."""
    node = ids.decode(node_id)
    if not isinstance(node, ids.ChannelId):
        raise BadUserInput("This is not the id of a channel.")
    return node.channel_id


def _reply_to(channel_id: int, node_id: str | None) -> int | None:
    if node_id is None:
        return None
    node = ids.decode(node_id)
    if not isinstance(node, ids.MessageId) or node.channel_id != channel_id:
        raise Mistake(MistakeCode.INVALID, "replyToId is not a message of this channel.", ["input", "replyToId"])
    return node.seq
