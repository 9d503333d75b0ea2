"""A user's data as one record a line: who they are, where they belong, what they wrote, what they were told.

Rule: it holds what is theirs. What others wrote is not in it, but for the excerpts that they were notified of.
"""

from collections.abc import AsyncIterator, Sequence

from models.database import Database, Row
from models.user_content import channels_touched_by

_PAGE = 500


async def exported(db: Database, user_id: int) -> AsyncIterator[Row]:
    """Yield records, each with its `record`: profile, channel, message, reaction or notification. Times are microseconds.

    Not of one moment: what the user does meanwhile may be in it or not. Raises Unavailable.
    """
    for row in await db.rows("SELECT uid, name, image, created_us FROM users WHERE id = $1", user_id):
        yield {"record": "profile", **row}
    async for channel_id in channels_touched_by(db, user_id):
        for row in await db.rows(
            "SELECT c.id AS channel_id, c.kind, c.name, c.topic, c.creator_id = $2 AS opened, m.role, m.joined_us, m.read_seq"
            " FROM channels AS c LEFT JOIN channel_members AS m ON m.channel_id = c.id AND m.user_id = $2 WHERE c.id = $1",
            channel_id, user_id,
        ):  # fmt: skip
            yield {"record": "channel", **row, "opened": bool(row["opened"])}
        message = "channel_id, seq, content, created_us, edited_us, deleted_us, reply_to_seq, client_message_id"
        async for row in _pages(db, "message", message, "messages", "author_id", "seq", channel_id, user_id):
            yield row
        async for row in _pages(
            db, "reaction", "id, channel_id, seq, emoji", "message_reactions", "user_id", "id", channel_id, user_id
        ):
            yield row
    notification = "number, type, title, content, link, created_us, seen_us, read_us, archived_us, channel_id, seq"
    async for row in _pages(db, "notification", notification, "notifications", "user_id", "number", None, user_id):
        yield row


async def _pages(
    db: Database, record: str, columns: str, table: str, of_user: str, order: str, channel_id: int | None, user_id: int
) -> AsyncIterator[Row]:
    within = "" if channel_id is None else " AND channel_id = $3"
    arguments: Sequence[int] = () if channel_id is None else (channel_id,)
    after = 0
    while rows := await db.rows(
        f"SELECT {columns} FROM {table} WHERE {of_user} = $1 AND {order} > $2{within} ORDER BY {order} LIMIT {_PAGE}",
        user_id, after, *arguments,
    ):  # fmt: skip
        for row in rows:
            yield {"record": record, **row}
        after = rows[-1][order]
