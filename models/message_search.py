"""Finding messages by their words.

Rule: what is found is a place, in the channels that the statement was given; whether the asker may see it, and what
stands there now, is for the heads to say.
"""

import re
from typing import NamedTuple

from models.database import Database

MAX_WORDS = 10
NEWEST = (1 << 63) - 1
_WORDS = re.compile(r"[^\W_]+")


class FoundMessage(NamedTuple):
    """Where a message stands, and `number`, which is higher for later ones of all channels."""

    number: int
    channel_id: int
    seq: int


def words_of(text: str) -> list[str]:
    """Return the words of a search, at most MAX_WORDS."""
    return _WORDS.findall(text)[:MAX_WORDS]


async def search_messages(
    db: Database, words: list[str], *, user_id: int, channel_id: int | None, before: int, limit: int
) -> list[FoundMessage]:
    """Return messages in which each of `words` begins a word, in any case, newest first.

    Of one channel, or of those the user belongs to; numbered below `before`, at most `limit`.
    """
    if not words:
        return []
    found = db.dialect.messages_with_words("$1", alias="m")
    where = "m.channel_id = $4"
    if channel_id is None:
        where = "EXISTS (SELECT 1 FROM channel_members AS c WHERE c.channel_id = m.channel_id AND c.user_id = $4)"
    rows = await db.tuples(
        f"SELECT m.id, m.channel_id, m.seq FROM {found} AND m.id < $2 AND m.deleted_us IS NULL AND {where}"
        " ORDER BY m.id DESC LIMIT $3",
        db.dialect.words(words), before, limit, user_id if channel_id is None else channel_id,
    )  # fmt: skip
    return [FoundMessage._make(row) for row in rows]
