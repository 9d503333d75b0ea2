"""Stock, planned, cut from fragments, kept: four ways to one answer, which must be the same in every byte.

Whatever the schema can be asked, by anybody, before and after anything changes, the server that plans and keeps answers
as does the one in which graphql-core executes each request anew. `HYPOTHESIS_PROFILE=long` looks for an hour.
"""

import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from itertools import count
from types import SimpleNamespace
from typing import NamedTuple

import pytest
from graphql import parse, validate
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import VIEW, build_app, open_services
from cache.presence import Presence
from models.clock import wall_clock_us
from realtime.load import LoadMeter
from schema.build import build_schema
from schema.operation import executed
from tests.api.changes import Change, changes
from tests.api.documents import Question, filled, questions
from tests.api.world import PEOPLE, Time, World
from tests.asking import Api

SCHEMA = build_schema()._schema
LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
# Small blocks, so that pages are cut from several.
BLOCK = 4
_numbers = count()


class Asked(NamedTuple):
    """A question, and how it is asked."""

    question: Question
    who: str
    activity: str
    accept: str


class Seen(NamedTuple):
    """What a client sees of an answer."""

    status: int
    body: bytes
    media_type: str
    etag: str | None
    poll_interval: str | None


@dataclass
class Speeds:
    """Two servers over the same parts, and how the quick one answered so far."""

    reference: Api
    quick: Api
    time: Time
    presence: Presence
    load: LoadMeter
    levels: Counter[str] = field(default_factory=Counter)
    executed: Counter[str] = field(default_factory=Counter)

    def __repr__(self) -> str:
        return "Speeds()"  # a failing example shows what was asked

    def world(self) -> World:
        return World(next(_numbers), self.time, self.presence, self.load)

    async def compare(self, world: World, asked: Asked, *, times: int) -> None:
        """Ask both servers the same, the quick one several times. Raises AssertionError where an answer differs."""
        expected, _ = await self._seen(self.reference, world, asked)
        assert b"INTERNAL_SERVER_ERROR" not in expected.body, asked
        before = executed.copy()
        for _ in range(times):
            seen, level = await self._seen(self.quick, world, asked)
            self.levels[level] += 1
            assert seen == expected, f"{level}: {seen}\n    stock: {expected}\n    {asked}"
        self.executed += executed - before

    async def _seen(self, api: Api, world: World, asked: Asked) -> tuple[Seen, str]:
        question = asked.question
        payload = {
            "query": filled(question.text, world.names),
            "variables": filled(question.variables, world.names),
            "operationName": question.operation_name,
        }
        headers = {"Authorization": f"Bearer {world.token(asked.who)}", "Accept": asked.accept, "X-Request-Id": "same"}
        if asked.activity:
            headers["X-Client-Activity"] = asked.activity
        response = await api.client.post("/graphql", json=payload, headers=headers)
        of = response.headers
        seen = Seen(response.status, await response.read(), of["Content-Type"], of.get("ETag"), of.get("X-Poll-Interval"))
        return seen, of.get("Cache-Status", "error").rpartition("=")[2]


@pytest.fixture
async def speeds(settings: Settings, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Speeds]:
    """Presence, load and every clock that an answer depends on stand still until the test lets time pass."""
    time = Time(wall_clock_us())
    for module in ("resolvers.context", "resolvers.presence", "resolvers.notification"):
        monkeypatch.setattr(f"{module}.time", SimpleNamespace(monotonic=time.monotonic))
    monkeypatch.setattr("cache.fragments.BLOCK", BLOCK)
    async with open_services(settings, clock=time.wall_us) as (services, redis):
        presence = Presence(of_presence := redis.sibling(), services.lineage, clock_s=time.monotonic)
        load = LoadMeter(clock_s=time.monotonic, cpu_s=time.process_time)
        still = replace(services, presence=presence, load=load)
        apps = [build_app(settings, still, redis, quick=quick) for quick in (False, True)]
        answers = apps[1][VIEW]._answers
        assert answers is not None
        answers._clock_s = time.monotonic
        reference, quick = [Api(await aiohttp_client(app), still) for app in apps]
        yield (speeds := Speeds(reference, quick, time, presence, load))
        await of_presence.stop()
    print(speeds.levels, speeds.executed)  # noqa: T201  # x


asked = st.builds(
    Asked,
    st.deferred(lambda: questions(SCHEMA)),
    st.sampled_from(PEOPLE),
    st.sampled_from(("", "", "ACTIVE", "idle", "BACKGROUND", "nonsense")),
    st.sampled_from(("application/json", "application/graphql-response+json")),
)


@settings(
    max_examples=200 if LONG else 40,
    deadline=None,
    derandomize=not LONG,
    print_blob=True,
    phases=(Phase.generate,) if os.environ.get("DEV") else tuple(Phase),
    suppress_health_check=list(HealthCheck),
)
@given(st.lists(asked, min_size=1, max_size=4), st.lists(st.tuples(changes(), st.booleans()), max_size=4))
async def test_stock_planned_and_kept_answers_are_equal_whatever_happens(
    speeds: Speeds, everything: list[Asked], happening: list[tuple[Change, bool]]
) -> None:
    world = speeds.world()
    await world.make(speeds.quick)
    for one in everything:
        assert validate(SCHEMA, parse(filled(one.question.text, world.names))) == []
        await speeds.compare(world, one, times=3)
    for change, quick in happening:
        await world.change(speeds.quick if quick else speeds.reference, change)
        for one in everything:
            await speeds.compare(world, one, times=2)
