"""Reactions: the groups of a message as a viewer sees them.

Rule: groups are part of the message and the same for everybody; whether the viewer is among them is read apart.
"""

from dataclasses import dataclass

from cache.dependencies import Level
from models.message import MessageRecord
from resolvers.context import Context


@dataclass(frozen=True, slots=True)
class ReactionView:
    """How many people answered a message, which is at (channel_id, seq), with an emoji."""

    emoji: str
    count: int
    channel_id: int
    seq: int


def reactions(record: MessageRecord) -> list[ReactionView]:
    """Return the groups of a message, in the order of their first use."""
    return [ReactionView(emoji, count, record.channel_id, record.seq) for emoji, count in record.reactions]


async def viewer_has_reacted(ctx: Context, view: ReactionView) -> bool:
    """Return whether the viewer is among those who used the emoji. Raises Unavailable."""
    ctx.depends.reached(Level.STORE)
    return view.emoji in await ctx.own_reactions(view.channel_id, view.seq)
