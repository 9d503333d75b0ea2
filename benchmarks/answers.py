"""What a right answer is, read from the database by statements of this module's own."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import asyncpg

from benchmarks.dataset import Dataset
from benchmarks.workloads import PAGE, POLL_PREFIX, poll_tail
from benchmarks.workloads import p3_hot as unread_plan
from benchmarks.wrk import Kind
from models import ids
from models.cursor import CursorKind

CHECKED_CHANNELS = (1, 77, 100)
FIRST_NOTIFICATIONS = 20


def check_pollux(data: Dataset, port: int) -> None:
    """Ask each poll twice, so that a first and a repeated answer are seen. Raises AssertionError that holds both sides."""
    asyncio.run(_check(data, port))


async def _check(data: Dataset, port: int) -> None:
    db = await asyncpg.connect(data.url)
    try:
        for channel in {min(number, data.size.channels) for number in CHECKED_CHANNELS}:
            for seq in (data.size.messages // 8, data.size.messages // 2, data.size.messages - 7, data.size.messages):
                kind = Kind("p", POLL_PREFIX, [poll_tail(data, channel, seq)], data.tokens[-1:])
                expected = await _page(db, data, channel, seq)
                for _ in range(2):
                    got = kind.ask(port).data()
                    assert got.pop("activeUsers") in (None, *range(1, data.size.members + 1)), got
                    assert got.pop("pollingInterval")["milliseconds"] > 0, got
                    _same(got, expected)
        (kind,) = unread_plan(data).kinds
        for _ in range(2):
            _same(kind.ask(port).data(), await _unread(db, data, 1))
    finally:
        await db.close()


def _same(got: object, expected: object) -> None:
    assert got == expected, f"answered {json.dumps(got)[:600]}\nthe database says {json.dumps(expected)[:600]}"


async def _page(db: asyncpg.Connection, data: Dataset, channel: int, seq: int) -> dict[str, Any]:
    rows = await db.fetch(
        "SELECT m.seq, m.content, m.created_us, u.uid, u.name, u.image FROM messages AS m JOIN users AS u ON u.id = m.author_id"
        " WHERE m.channel_id = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3",
        channel, seq, PAGE + 1,
    )  # fmt: skip
    edges = [
        {
            "cursor": data.cursor(channel, row["seq"]),
            "node": {
                "id": ids.encode(ids.MessageId(channel, row["seq"])),
                "seq": row["seq"],
                "content": row["content"],
                "createdAt": _instant(row["created_us"]),
                "author": {"id": ids.encode(ids.UserId(row["uid"])), "name": row["name"], "image": row["image"]},
            },
        }
        for row in rows[:PAGE]
    ]
    end = edges[-1]["cursor"] if edges else data.cursor(channel, seq)
    return {"edges": edges, "pageInfo": {"endCursor": end, "hasNextPage": len(rows) > PAGE}}


async def _unread(db: asyncpg.Connection, data: Dataset, user_id: int) -> dict[str, Any]:
    rows = await db.fetch(
        "SELECT number, type, title, content, link, created_us FROM notifications"
        " WHERE user_id = $1 AND read_us IS NULL AND archived_us IS NULL ORDER BY number DESC",
        user_id,
    )
    edges = [
        {
            "cursor": data.codec.encode(CursorKind.NOTIFICATIONS, user_id, row["number"]),
            "node": {
                "id": ids.encode(ids.NotificationId(user_id, row["number"])),
                **{name: row[name] for name in ("type", "title", "content", "link")},
                "createdAt": _instant(row["created_us"]),
            },
        }
        for row in rows[:FIRST_NOTIFICATIONS]
    ]
    page = {"endCursor": edges[-1]["cursor"], "hasNextPage": len(rows) > FIRST_NOTIFICATIONS}
    return {"unreadCount": len(rows), "edges": edges, "pageInfo": page}


def _instant(us: int) -> str:
    return (
        datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000).isoformat(timespec="microseconds")[:26]
        + "Z"
    )
