"""Health: alive, and ready for traffic.

Rule: only the database decides whether a process is ready. Redis away costs time, not answers, and is told.
"""

import asyncio

import orjson
from aiohttp import web

from cache.redis_level import RedisLevel
from models.database import Database
from models.errors import Unavailable

_HEADERS = {"Cache-Control": "no-store"}
# A probe wants an answer long before a statement's own timeout.
DATABASE_DEADLINE_S = 2.0


def add_health(app: web.Application, db: Database, redis: RedisLevel) -> None:
    """Answer GET /livez and /readyz."""

    async def livez(_request: web.Request) -> web.Response:
        return _answer(200, {"status": "alive"})

    async def readyz(_request: web.Request) -> web.Response:
        parts = {"database": await _database(db), "redis": await _redis(redis)}
        ready = parts["database"] == "ok"
        return _answer(200 if ready else 503, {"status": "ready" if ready else "not ready", "parts": parts})

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)


async def _database(db: Database) -> str:
    try:
        async with asyncio.timeout(DATABASE_DEADLINE_S):
            rows = await db.rows("SELECT epoch_hex FROM database_identity WHERE id = 1")
    except (Unavailable, TimeoutError):
        return "away"
    return "ok" if rows else "not migrated"


async def _redis(redis: RedisLevel) -> str:
    if not redis.configured:
        return "none"
    return "ok" if await redis.attempt(lambda client: client.ping()) else "away"


def _answer(status: int, body: dict[str, object]) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=_HEADERS)
