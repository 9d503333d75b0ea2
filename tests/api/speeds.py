"""Two servers over the same parts, one that plans and keeps answers and one that does not, compared byte by byte."""

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from cache.presence import Presence
from realtime.fleet import Fleet
from schema.operation import executed
from tests.api.documents import Question, filled
from tests.api.world import Time, World
from tests.asking import Api

_numbers = count()
# Answers from which on their shares say something; and what of them, at least, must have been kept and found to hold,
# planned, cut from blocks that were there, and cut from blocks that were filled for it.
ENOUGH = 300
LEAST = {"response": 0.25, "planned": 0.08, "page cut": 0.02, "page filled": 0.002}


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
    """Both servers, and how the quick one answered so far: by level, by way of executing, by page."""

    reference: Api
    quick: Api
    time: Time
    presence: Presence
    fleet: Fleet
    ways: Counter[str] = field(default_factory=Counter)
    answers: int = 0

    def __repr__(self) -> str:
        return "Speeds()"  # of a failing example, what was asked is of interest

    def world(self) -> World:
        """Return a world whose people are in no other."""
        return World(next(_numbers), self.time, self.presence, self.fleet)

    async def compare(self, world: World, asked: Asked, *, times: int) -> None:
        """Ask both servers the same, the quick one several times. Raises AssertionError where an answer differs."""
        expected, _ = await self._seen(self.reference, world, asked)
        assert b"Something went wrong" not in expected.body, asked
        before = executed.copy()
        for _ in range(times):
            seen, level = await self._seen(self.quick, world, asked)
            self.answers += 1
            self.ways[level] += 1
            assert seen == expected or _fail_alike(seen, expected), f"{level}: {seen}\n    stock: {expected}\n    {asked}"
        self.ways += executed - before

    async def way(self, world: World, asked: Asked) -> str:
        """Return the level that the quick server answers from."""
        return (await self._seen(self.quick, world, asked))[1]

    async def seen(self, world: World, asked: Asked) -> Seen:
        """Return what the quick server answers."""
        return (await self._seen(self.quick, world, asked))[0]

    def check_ways(self) -> None:
        """Raise AssertionError where too few of many answers came the ways they were to be compared for."""
        if self.answers >= ENOUGH:
            too_few = {way: self.ways[way] for way, share in LEAST.items() if self.ways[way] < share * self.answers}
            assert not too_few, f"{too_few} of {self.answers} answers; {self.ways}"

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
        return seen, of.get("Cache-Status", "=error").rpartition("=")[2]


def _fail_alike(seen: Seen, expected: Seen) -> bool:
    """Whether two answers have the same errors, of other items of a list.

    Where several items fail, graphql-core tells of the one that fails first, which depends on what each had to wait for.
    """
    return seen._replace(body=b"") == expected._replace(body=b"") and _anywhere(seen.body) == _anywhere(expected.body)


def _anywhere(body: bytes) -> object:
    """Return an answer without the places in lists at which it failed; equal to no other where it did not fail."""
    answer = json.loads(body)
    if "errors" not in answer:
        return body
    for error in answer["errors"]:
        error["path"] = ["*" if isinstance(key, int) else key for key in error.get("path", ())]
    return answer
