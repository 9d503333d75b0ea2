"""Strawberry as its documentation shows it: its aiohttp view, Tortoise over asyncpg, Redis GET and SET EX 5 of the data, uvloop.

Naive: no extension, so each request is parsed and validated anew.
"""

import json
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, cast

import redis.asyncio as redis
import strawberry
import uvloop
from aiohttp import web
from strawberry.aiohttp.views import GraphQLView
from tortoise import Tortoise, fields
from tortoise.models import Model

TTL_S = 5
LARGEST_PAGE = 100


class UserRow(Model):
    """People."""

    id = fields.IntField(primary_key=True)
    name = fields.TextField()
    image = fields.TextField(null=True)

    class Meta:
        table = "users"


class MessageRow(Model):
    """Messages of all channels."""

    id = fields.IntField(primary_key=True)
    channel_id = fields.IntField()
    seq = fields.BigIntField()
    author: fields.ForeignKeyRelation[UserRow] = fields.ForeignKeyField("models.UserRow", related_name=False)
    content = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "messages"


class NotificationRow(Model):
    """Notifications of all users."""

    id = fields.IntField(primary_key=True)
    user_id = fields.IntField()
    type = fields.TextField()
    title = fields.TextField()
    content = fields.TextField()
    link = fields.TextField(null=True)
    read = fields.BooleanField()
    created_at = fields.DatetimeField()

    class Meta:
        table = "notifications"


@strawberry.type
class User:
    id: strawberry.ID
    name: str
    image: str | None


@strawberry.type
class Message:
    id: strawberry.ID
    seq: str
    content: str
    created_at: str
    author: User


@strawberry.type
class Poll:
    messages: list[Message]
    active_users: int
    poll_interval: int


@strawberry.type
class Notification:
    id: strawberry.ID
    type: str
    title: str
    content: str
    link: str | None
    created_at: str


@strawberry.type
class Unread:
    count: int
    items: list[Notification]


store = redis.Redis.from_url(os.environ.get("REDIS_URL", "redis://127.0.0.1"))


async def _cached(key: str, load: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    found = await store.get(key)
    if found is not None:
        return cast(dict[str, Any], json.loads(found))
    data = await load()
    await store.set(key, json.dumps(data), ex=TTL_S)
    return data


async def _load_poll(channel_id: int, after: int, limit: int) -> dict[str, Any]:
    rows = await MessageRow.filter(channel_id=channel_id, seq__gt=after).order_by("seq").limit(limit).select_related("author")
    counted = await Tortoise.get_connection("default").execute_query_dict(
        "SELECT count(*)::int AS n FROM presence WHERE channel_id = $1 AND seen_at > now() - interval '5 minutes'", [channel_id]
    )
    active = counted[0]["n"]
    return {
        "messages": [
            {
                "id": str(row.id),
                "seq": str(row.seq),
                "content": row.content,
                "created_at": _instant(row.created_at),
                "author": {"id": str(row.author.id), "name": row.author.name, "image": row.author.image},
            }
            for row in rows
        ],
        "active_users": active,
        "poll_interval": 1000 if rows else 2000 if active > 10 else 5000,
    }


async def _load_unread(user_id: int, first: int) -> dict[str, Any]:
    unread = NotificationRow.filter(user_id=user_id, read=False)
    rows = await unread.order_by("-created_at").limit(first)
    items = [
        {
            "id": str(row.id),
            **{name: getattr(row, name) for name in ("type", "title", "content", "link")},
            "created_at": _instant(row.created_at),
        }
        for row in rows
    ]
    return {"count": await unread.count(), "items": items}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@strawberry.type
class Query:
    @strawberry.field
    async def poll(self, channel_id: strawberry.ID, after: str, limit: int = 50) -> Poll:
        key, limit = f"poll:{channel_id}:{after}:{limit}", min(limit, LARGEST_PAGE)
        data = await _cached(key, lambda: _load_poll(int(channel_id), int(after), limit))
        messages = [Message(**{**message, "author": User(**message["author"])}) for message in data["messages"]]
        return Poll(messages=messages, active_users=data["active_users"], poll_interval=data["poll_interval"])

    @strawberry.field
    async def unread(self, user_id: strawberry.ID, first: int = 20) -> Unread:
        data = await _cached(f"unread:{user_id}:{first}", lambda: _load_unread(int(user_id), min(first, LARGEST_PAGE)))
        return Unread(count=data["count"], items=[Notification(**one) for one in data["items"]])


async def make() -> web.Application:
    """Return the application, with its pool of connections."""
    await Tortoise.init(
        db_url=os.environ["DATABASE_URL"].replace("postgresql://", "asyncpg://") + "?minsize=5&maxsize=20",
        modules={"models": [__name__]},
        _enable_global_fallback=True,
    )
    app = web.Application()
    app.router.add_route("*", "/graphql", GraphQLView(schema=strawberry.Schema(Query), graphql_ide=None))
    return app


if __name__ == "__main__":
    uvloop.install()
    web.run_app(make(), host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None, print=None)
