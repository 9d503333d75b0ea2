"""What a user left in channels: where it is, for who exports or erases it.

Rule: channels are gone through in order of id, a few at a time, by the indexes that there are: no read goes through a table.
"""

from collections.abc import AsyncIterator

from models.database import Database

_AT_ONCE = 50


async def channels_touched_by(db: Database, user_id: int) -> AsyncIterator[int]:
    """Yield the ids of channels that a user belongs to, wrote in or reacted in, in order."""
    touched = " OR ".join(
        f"EXISTS (SELECT 1 FROM {table} AS t WHERE t.channel_id = c.id AND t.{column} = $1)"
        for table, column in (("channel_members", "user_id"), ("messages", "author_id"), ("message_reactions", "user_id"))
    )
    after = 0
    while rows := await db.tuples(
        f"SELECT c.id, {touched} FROM (SELECT id FROM channels WHERE id > $2 ORDER BY id LIMIT {_AT_ONCE}) AS c ORDER BY c.id",
        user_id, after,
    ):  # fmt: skip
        for channel_id, found in rows:
            if found:
                yield channel_id
        after = rows[-1][0]


async def user_of(db: Database, uid: str) -> int | None:
    """Return the id of the user with this hash, None for one never seen."""
    rows = await db.rows("SELECT id FROM users WHERE uid = $1", uid)
    return int(rows[0]["id"]) if rows else None
