"""Turns settings into parts: the only module that names concrete adapters.

Rule: the choice is logged, and what is not known is refused in settings.py before anything is opened.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from aiohttp import web

from app.charges import Charges
from app.chat_page import add_chat
from app.code_version import code_version
from app.cors import Cors
from app.demo import DEMO_USER
from app.documents import Documents
from app.embedded_valkey import available as valkey_available
from app.embedded_valkey import socket_url
from app.graphiql import GraphiQLPage, add_assets
from app.graphql_view import PolluxView, ViewParts
from app.health import add_health
from app.identity import Tokens, Viewers
from app.json_errors import json_errors
from app.jwks import KeySet
from app.measuring import Measured
from app.metrics_page import MetricsPage
from app.persisted import PersistedDocuments
from app.requests import Requests
from app.responses import harden
from app.settings import Settings
from app.shelf import Shelf
from app.traces import Answer, Traces
from app.trusted import TrustedDocuments
from cache.answers import Answers
from cache.blocks import SharedBlocks
from cache.bulletin import Bulletin
from cache.changes import ChangedMessages
from cache.fragments import Fragments
from cache.lineage import Lineage
from cache.lru import MEMORY_BYTES, Lru, Memory
from cache.metadata import MetadataCopies
from cache.persisted import PersistedTexts
from cache.pokes import Pokes
from cache.presence import Presence
from cache.profiles import ProfileCopies
from cache.rates import Rates
from cache.read_index import ReadIndex
from cache.recent import RecentMessages
from cache.redis_client import redis_client
from cache.redis_level import RedisLevel
from models.clock import Clock, wall_clock_us
from models.database import Database
from models.identity import cursor_codec
from models.notify_queue import NotifyQueue
from models.replica import Replica
from models.send_queue import SendQueue
from models.store_url import without_password
from models.tasks import end
from realtime.fleet import Fleet
from realtime.latency import Latencies
from realtime.load import LoadMeter
from realtime.pace import Pace
from realtime.rates import MessageRates
from realtime.shedding import Shedding
from realtime.wake import Wake
from resolvers.services import Services
from schema.build import PolluxSchema, build_schema

log = logging.getLogger("pollux.wiring")

VIEW = web.AppKey("view", PolluxView)
# What answers /graphql: the view, or the view within a span.
ANSWER: web.AppKey[Answer] = web.AppKey("answer")


def tokens_of(settings: Settings) -> Tokens:
    """Return what verifies and issues tokens."""
    keys = KeySet(settings.jwks_url) if settings.jwks_url is not None else None
    return Tokens(settings.secret, settings.jwt_issuer, settings.jwt_audience, keys)


def redis_url_of(settings: Settings) -> str | None:
    """Return where Redis is: given, the embedded one's socket, or nowhere."""
    if settings.redis_url is not None:
        return None if settings.redis_url == "none" else settings.redis_url
    return socket_url(settings.var_folder) if valkey_available() else None


@asynccontextmanager
async def open_services(settings: Settings, *, clock: Clock = wall_clock_us) -> AsyncIterator[tuple[Services, RedisLevel]]:
    """Open the parts that operations work with, and close them: first what writes, last what it writes to."""
    redis_url = redis_url_of(settings)
    log.info("store: %s; redis: %s", settings.database_url, without_password(redis_url) if redis_url else "none")
    db = await Database.open(settings.database_url)
    replica = await Replica.open(settings.replica_url) if settings.replica_url is not None else None
    redis = RedisLevel(redis_client(redis_url) if redis_url is not None else None)
    of_blocks, of_presence, of_pokes, of_fleet = map(redis.sibling, ("blocks", "presence", "pokes", "fleet"))
    try:
        lineage = Lineage(db, await cursor_codec(db))
        memory: Memory = Lru(MEMORY_BYTES)
        lineage.on_change(memory.clear)
        services = Services(
            db=db,
            lineage=lineage,
            read_index=(read_index := ReadIndex(db, lineage)),
            recent=RecentMessages(db, redis, lineage, replica),
            changes=ChangedMessages(db, lineage),
            memory=memory,
            fragments=Fragments(profiles := ProfileCopies(db, lineage), memory, SharedBlocks(of_blocks, code_version())),
            metadata=MetadataCopies(db, redis, lineage),
            profiles=profiles,
            presence=Presence(of_presence, lineage),
            wake=(
                wake := Wake(
                    read_index,
                    Pokes(of_pokes, lineage),
                    lineage,
                    max_held=settings.max_held,
                    max_held_by_user=settings.held_by_user,
                )
            ),
            sends=SendQueue(db, clock),
            notifications=NotifyQueue(db, clock),
            pace=(pace := _pace_of(settings, Bulletin(of_fleet, lineage), lineage)),
            clock=clock,
        )
        db.on_change = wake.changed
        db.on_read = pace.fleet.meter.read
        async with _running(services.presence.run(), *pace.fleet.work(), *wake.work()):
            yield services, redis
        await services.sends.close()
        await services.notifications.close()
    finally:
        await redis.close()
        if replica is not None:
            await replica.close()
        await db.close()


def _pace_of(settings: Settings, bulletin: Bulletin, lineage: Lineage) -> Pace:
    rates = MessageRates()
    lineage.on_change(rates.clear)
    fleet = Fleet(bulletin, LoadMeter(), Latencies(), budget=settings.request_budget)
    return Pace(settings.polling_policy, rates, fleet)


def build_view(
    settings: Settings,
    services: Services,
    redis: RedisLevel,
    tokens: Tokens,
    rates: Rates | None,
    shedding: Shedding,
    *,
    quick: bool = True,
) -> PolluxView:
    """Return what answers /graphql. Without `quick` every request is executed by graphql-core: the reference for tests."""
    schema = build_schema(suggestions=settings.allows_introspection)
    documents = _documents_of(settings, schema)
    issue = (lambda: tokens.issue(DEMO_USER.lower(), name=DEMO_USER)) if settings.hands_out_tokens else None
    page = GraphiQLPage.built(issue) if settings.shows_graphiql else None
    if settings.shows_graphiql and page is None:
        log.warning("GraphiQL is not built; run make setup")
    presence, fleet = services.presence, services.pace.fleet
    answers = Answers(
        services.read_index,
        services.profiles,
        presence,
        services.lineage,
        services.memory,
        tick=lambda: (presence.tick(), fleet.tick),
    )
    return PolluxView(
        ViewParts(
            schema=schema,
            services=services,
            viewers=Viewers(tokens, services.db, services.clock, services.lineage),
            requests=Requests(
                schema, documents, services.memory if quick else Lru(MEMORY_BYTES), settings, fleet.latencies, planned=quick
            ),
            persisted=PersistedDocuments(PersistedTexts(redis), _trusted_of(settings, documents)),
            answers=answers if quick else None,
            cors=Cors(settings.allowed_origins),
            charges=Charges(rates, settings, schema),
            limits=settings,
            shedding=shedding,
            page=page,
            max_open=settings.max_held,
            max_open_of_user=settings.held_by_user,
        )
    )


def build_app(
    settings: Settings,
    services: Services,
    redis: RedisLevel,
    *,
    quick: bool = True,
    shelf: Shelf | None = None,
    traces: Traces | None = None,
    shedding: Shedding | None = None,
) -> web.Application:
    """Return the HTTP application over open services; `quick` as in `build_view`, `shelf` where there are other processes,
    `traces` where they are sent, `shedding` where anything is refused because of load."""
    app = web.Application(client_max_size=settings.max_body, middlewares=[json_errors])
    app.on_response_prepare.append(harden)
    tokens = tokens_of(settings)
    if tokens.keys is not None:
        app.cleanup_ctx.append(tokens.keys.running)
    rates = Rates(redis.sibling("rates"), services.lineage) if settings.rate_limit else None
    if rates is not None:
        app.cleanup_ctx.append(rates.running)
    app[VIEW] = build_view(settings, services, redis, tokens, rates, shedding or Shedding(), quick=quick)
    app[ANSWER] = traces.around(app[VIEW].respond) if traces is not None else app[VIEW]
    app.router.add_route("*", "/graphql", app[ANSWER])
    app.cleanup_ctx.append(app[VIEW].running)
    app.on_shutdown.append(app[VIEW].close)
    add_health(app, services.db, redis)
    measured = Measured(services, redis.levels, app[VIEW])
    MetricsPage(settings.metrics_token_text, measured, shelf, is_open=settings.opens_metrics).add(app)
    add_assets(app)
    add_chat(app, (lambda name: tokens.issue(name, name=name.title())) if settings.hands_out_tokens else None)
    return app


def check_trusted_documents(settings: Settings) -> None:
    """Raise WrongSettings for a manifest that a server would not start with."""
    if settings.trusted_documents is not None:
        _trusted_of(settings, _documents_of(settings, build_schema(suggestions=settings.allows_introspection)))


def _documents_of(settings: Settings, schema: PolluxSchema) -> Documents:
    return Documents(schema._schema, settings, introspection=settings.allows_introspection)


def _trusted_of(settings: Settings, documents: Documents) -> TrustedDocuments | None:
    path = settings.trusted_documents
    return None if path is None else TrustedDocuments.read(path, documents)


@asynccontextmanager
async def _running(*work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Run background work while the block does; an error of it is logged, and the rest goes on."""
    tasks = [asyncio.create_task(one) for one in work]
    for task in tasks:
        task.add_done_callback(_log_failure)
    try:
        yield
    finally:
        await asyncio.gather(*map(end, tasks))


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("background work ended", exc_info=task.exception())
