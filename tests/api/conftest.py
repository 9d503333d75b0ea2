"""The two servers whose answers are compared."""

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import VIEW, build_app, open_services
from cache.bulletin import Bulletin
from cache.presence import Presence
from cache.redis_level import RedisLevel
from models.clock import wall_clock_us
from realtime.fleet import COLD_S, Fleet
from realtime.latency import Latencies
from realtime.load import LoadMeter
from realtime.pace import Pace
from realtime.pacing import PollingPolicy
from realtime.rates import MessageRates
from tests.api.speeds import Speeds
from tests.api.world import Time
from tests.asking import Api

# Small blocks, so that pages are cut from several.
BLOCK = 4


@pytest.fixture
async def speeds(settings: Settings, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Speeds]:
    """Presence, load and every clock that an answer depends on stand still until the test lets time pass."""
    time = Time(wall_clock_us())
    for module in ("resolvers.context", "resolvers.presence", "resolvers.notification"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(monotonic=time.monotonic))
    monkeypatch.setattr("cache.fragments.BLOCK", BLOCK)
    async with open_services(settings, clock=time.wall_us) as (services, redis):
        presence = Presence(of_presence := redis.sibling("presence"), services.lineage, clock_s=time.monotonic)
        meter = LoadMeter(clock_s=time.monotonic, cpu_s=time.process_time)
        alone = Bulletin(RedisLevel(None), services.lineage)
        fleet = Fleet(alone, meter, Latencies(clock_s=time.monotonic), clock_s=time.monotonic)
        time.passes(COLD_S, load=0)  # after that a server no longer guesses who is still to come
        pace = Pace(PollingPolicy.ADAPTIVE, MessageRates(clock_s=time.monotonic), fleet)
        still = replace(services, presence=presence, pace=pace)
        apps = [build_app(settings, still, redis, quick=quick) for quick in (False, True)]
        answers = apps[1][VIEW]._answers
        assert answers is not None
        answers._clock_s = time.monotonic
        reference, quick = [Api(await aiohttp_client(app), still) for app in apps]
        speeds = Speeds(reference, quick, time, presence, fleet)
        real = still.fragments.page

        def page(*given: Any) -> Any:
            found = real(*given)
            speeds.ways["page cut" if isinstance(found, bytes) else "page filled"] += 1
            return found

        monkeypatch.setattr(still.fragments, "page", page)
        yield speeds
        speeds.check_ways()
        await of_presence.stop()
