"""Changing messages that others may already hold: edits, deletions and reactions.

Rule: what a viewer may not see is as if missing; every other rule is checked under the channel's lock, in models.
"""

from models import ids
from models.change_message import add_reaction, delete_message, edit_message, remove_reaction
from models.emoji import emoji_of
from models.errors import BadUserInput, NotFound
from models.text import written
from resolvers.context import Context
from resolvers.message import LONGEST_CONTENT, MessageView, after_change


async def edit(ctx: Context, message_id: str, content: str) -> MessageView:
    """Give one of the viewer's messages new words; returns it as it is now. Raises Mistake, NotFound, Unavailable."""
    node = await _visible(ctx, message_id)
    words = written(content, longest=LONGEST_CONTENT, field="content")
    record = await edit_message(ctx.services.db, node.channel_id, node.seq, ctx.viewer.user_id, words, ctx.services.clock())
    return await after_change(ctx, record)


async def delete(ctx: Context, message_id: str) -> MessageView:
    """Leave a tombstone in a message's place; returns it. Raises Mistake, NotFound, Unavailable."""
    node = await _visible(ctx, message_id)
    record = await delete_message(ctx.services.db, node.channel_id, node.seq, ctx.viewer.user_id, ctx.services.clock())
    return await after_change(ctx, record)


async def react(ctx: Context, message_id: str, emoji: str) -> MessageView:
    """Answer a message with an emoji; returns it as it is now. Raises Mistake, NotFound, Unavailable."""
    node = await _visible(ctx, message_id)
    one = emoji_of(emoji, "emoji")
    record = await add_reaction(ctx.services.db, node.channel_id, node.seq, ctx.viewer.user_id, one, ctx.services.clock())
    return await after_change(ctx, record)


async def unreact(ctx: Context, message_id: str, emoji: str) -> MessageView:
    """Take an emoji back; returns the message as it is now. Raises Mistake, NotFound, Unavailable."""
    node = await _visible(ctx, message_id)
    one = emoji_of(emoji, "emoji")
    record = await remove_reaction(ctx.services.db, node.channel_id, node.seq, ctx.viewer.user_id, one, ctx.services.clock())
    return await after_change(ctx, record)


async def _visible(ctx: Context, message_id: str) -> ids.MessageId:
    """Return the keys of a message that the viewer may see. Raises BadUserInput, NotFound."""
    node = ids.decode(message_id)
    if not isinstance(node, ids.MessageId):
        raise BadUserInput("This is not the id of a message.")
    head = await ctx.head(node.channel_id)
    if not 1 <= node.seq <= head.last_message:
        raise NotFound
    return node
