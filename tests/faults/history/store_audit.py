"""The last witness: what the database itself holds, asked past every server and cache."""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import asyncpg

from models import ids
from models.store_url import StoreUrl
from tests.faults.history.records import STORE, Answer, Shown, Way

SQL = (
    "SELECT m.channel_id, m.seq, m.version, m.content, u.name, m.client_message_id, m.deleted_us"
    " FROM messages AS m JOIN users AS u ON u.id = m.author_id ORDER BY m.channel_id, m.seq"
)


async def store_audit(url: StoreUrl, channels: Iterable[str]) -> list[Answer]:
    """Return an audit of each of `channels` (node ids) that holds a message, with the rows as they are."""
    wanted = set(channels)
    began_s = time.monotonic()
    rows = await _rows(url)
    audits = []
    for channel_id, group in groupby(rows, key=lambda row: int(row[0])):
        channel = ids.encode(ids.ChannelId(channel_id))
        nodes = tuple(_shown(channel_id, *row[1:]) for row in group)
        if channel in wanted:
            end_s = time.monotonic()
            audits.append(Answer(STORE, STORE, -1, channel, Way.AUDIT, began_s, end_s, end="", nodes=nodes))
    return audits


def _shown(channel_id: int, seq: int, version: int, content: str, name: str, key: str | None, deleted_us: int | None) -> Shown:
    """Return a row as an answer would show it; a deleted message's words may stay, and are never shown."""
    node_id = ids.encode(ids.MessageId(channel_id, seq))
    deleted = deleted_us is not None
    return Shown(node_id, seq, "", version, "" if deleted else content, name, key or "", deleted)


async def _rows(url: StoreUrl) -> Sequence[Any]:
    if url.sqlite_path is not None:
        connection = sqlite3.connect(url.sqlite_path)
        try:
            return connection.execute(SQL).fetchall()
        finally:
            connection.close()
    postgres = await asyncpg.connect(url.text)
    try:
        return list(await postgres.fetch(SQL))
    finally:
        await postgres.close()
