"""Reactions: who answered which message with which emoji, and the groups that everybody sees.

Rule: the rows say who, the groups in the message's own row say how many; both change in one transaction under the
channel's lock, so each count is that of the rows. A page shows reactions without reading a row of them.
"""

from collections.abc import Sequence
from typing import TypeAlias

from tortoise import fields
from tortoise.models import Model

from models.database import Database, Transaction
from models.errors import Mistake, MistakeCode

# Groups are part of each copy of their message, so they are few.
MAX_EMOJI = 20


class MessageReaction(Model):
    """Emoji with which people answered messages."""

    id = fields.BigIntField(primary_key=True)
    channel: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("models.Channel", on_delete=fields.RESTRICT, db_index=False)
    seq = fields.BigIntField()
    user_id = fields.BigIntField()
    emoji = fields.CharField(max_length=32)

    class Meta:
        table = "message_reactions"
        unique_together = (("channel_id", "seq", "user_id", "emoji"),)


# An emoji at a message, and how many people used it: at least one. A bare tuple, as copies of messages are encoded.
ReactionGroup: TypeAlias = tuple[str, int]


def with_one_more(groups: tuple[ReactionGroup, ...], emoji: str) -> tuple[ReactionGroup, ...]:
    """Return the groups after one more person used `emoji`, in the order of their first use. Raises Mistake NOT_ALLOWED."""
    if any(used == emoji for used, _ in groups):
        return tuple((used, count + (used == emoji)) for used, count in groups)
    if len(groups) >= MAX_EMOJI:
        raise Mistake(MistakeCode.NOT_ALLOWED, f"A message has at most {MAX_EMOJI} different emoji.", ["input", "emoji"])
    return (*groups, (emoji, 1))


def with_one_less(groups: tuple[ReactionGroup, ...], emoji: str) -> tuple[ReactionGroup, ...]:
    """Return the groups after one person took `emoji` back; a group that nobody is left in is gone."""
    return tuple((used, left) for used, count in groups if (left := count - (used == emoji)))


async def put_reaction(tx: Transaction, channel_id: int, seq: int, user_id: int, emoji: str) -> bool:
    """Store a reaction; returns whether it is new. The channel must be locked."""
    put = await tx.rows(
        "INSERT INTO message_reactions (channel_id, seq, user_id, emoji) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (channel_id, seq, user_id, emoji) DO NOTHING RETURNING id",
        channel_id, seq, user_id, emoji,
    )  # fmt: skip
    return bool(put)


async def take_reaction(tx: Transaction, channel_id: int, seq: int, user_id: int, emoji: str) -> bool:
    """Remove a reaction; returns whether it was there. The channel must be locked."""
    taken = await tx.rows(
        "DELETE FROM message_reactions WHERE channel_id = $1 AND seq = $2 AND user_id = $3 AND emoji = $4 RETURNING id",
        channel_id, seq, user_id, emoji,
    )  # fmt: skip
    return bool(taken)


async def clear_reactions(tx: Transaction, channel_id: int, seqs: Sequence[int]) -> None:
    """Remove all reactions to messages. The channel must be locked."""
    await tx.run(
        f"DELETE FROM message_reactions WHERE channel_id = $1 AND {tx.dialect.one_of('seq', '$2')}",
        channel_id, tx.dialect.array(seqs),
    )  # fmt: skip


async def reactions_of(db: Database, user_id: int, places: Sequence[tuple[int, int]]) -> dict[tuple[int, int], frozenset[str]]:
    """Return with which emoji a user answered the messages at (channel id, seq) places, in one statement.

    Places without a reaction of theirs are left out.
    """
    keys = db.dialect.pairs("$2", "$3", columns=("channel_id", "seq"), alias="k")
    rows = await db.rows(
        f"SELECT r.channel_id, r.seq, r.emoji FROM {keys} JOIN message_reactions AS r"
        " ON r.channel_id = k.channel_id AND r.seq = k.seq AND r.user_id = $1",
        user_id,
        db.dialect.array([channel_id for channel_id, _ in places]),
        db.dialect.array([seq for _, seq in places]),
    )
    found: dict[tuple[int, int], set[str]] = {}
    for row in rows:
        found.setdefault((row["channel_id"], row["seq"]), set()).add(row["emoji"])
    return {place: frozenset(emoji) for place, emoji in found.items()}
