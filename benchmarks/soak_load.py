"""The load of a soak: people who poll, sync, write, react and read, each with a cursor and a token of their own.

Rule: operations are due at a steady rate, whether or not earlier ones were answered, and a latency begins when one was due: a
server that stalls shows it. What is due and cannot be begun within a second, because too much is under way, is left out and
counted. Whatever is not a right answer is an error, kept with its words.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.asking import CREATE, JOIN, REACT, SEND, token

PEOPLE, CHANNELS = 60, 40
# Answers that are waited for at a time; what is due beyond waits, and its latency grows.
MAX_UNDER_WAY = 64
LATE_S = 1.0
TIMEOUT_S = 30.0
KEPT_ERRORS = 5

_POLL = "query($c: ID!, $a: String) { messages(channelId: $c, after: $a, first: 50) { nodes { id seq content author { name } } pageInfo { endCursor } activeUsers pollingInterval { milliseconds } } }"  # noqa: E501  # one query
_PAGE = "query($c: ID!) { messages(channelId: $c, last: 50) { nodes { id seq content author { name } } pageInfo { endCursor } } }"
_SYNC = "query($t: String, $w: Int) { sync(token: $t, limit: 50, waitMs: $w) { token hasMore channels { channel { id unreadCount } messages { id seq content } } notifications { id } } }"  # noqa: E501  # as above
_UNREAD = "{ unreadNotifications(first: 20) { unreadCount } }"
_READ = "mutation($c: ID!, $u: String!) { markChannelRead(channelId: $c, cursor: $u) { userErrors { code } } }"
_EDIT = "mutation($m: ID!, $t: String!) { editMessage(input: {messageId: $m, content: $t}) { userErrors { code } } }"
_MARK = "mutation { markAllNotificationsRead { inbox { unreadCount } } }"


@dataclass
class Person:
    """Somebody, with what their client keeps."""

    name: str
    id: str
    sync: str | None = None
    cursors: dict[str, str] = field(default_factory=dict)
    own: list[str] = field(default_factory=list)


@dataclass
class Load:
    """Operations of many people against a server; `latencies_ms` and `errors` are since they were last taken."""

    session: aiohttp.ClientSession
    url: str
    seed: int
    people: list[Person] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    errors: int = 0
    words: list[str] = field(default_factory=list)
    left_out: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311  # chance, no secret
        self._weighed: list[tuple[Callable[[Person], Awaitable[object]], int]] = [
            (self._poll, 58), (self._unread, 8), (self._sync, 8), (self._held, 2), (self._page, 4),
            (self._send, 14), (self._edit, 2), (self._react, 2), (self._read, 2),
        ]  # fmt: skip

    async def settle(self) -> None:
        """Make people and channels, everybody in each."""
        for index in range(PEOPLE):
            name = f"soak{index}"
            self.people.append(Person(name, (await self._ask(name, "{ viewer { id } }", {}))["id"]))
        for index in range(CHANNELS):
            made = await self._ask(self.people[0].name, CREATE, {"i": {"name": f"soak {index}"}})
            self.channels.append(made["channel"]["id"])
            await asyncio.gather(*(self._ask(person.name, JOIN, {"c": self.channels[-1]}) for person in self.people[1:]))

    async def one(self, due_s: float | None = None) -> None:
        """Let somebody do something; counted from when it was due."""
        (what,) = self._random.choices([what for what, _ in self._weighed], [weight for _, weight in self._weighed])
        began_s = time.monotonic() if due_s is None else due_s
        try:
            await what(self._random.choice(self.people))
        except (aiohttp.ClientError, TimeoutError, AssertionError) as error:
            self.errors += 1
            if len(self.words) < KEPT_ERRORS:
                self.words.append(f"{what.__name__}: {error!r}"[:300])
        if what != self._held:  # it waits because it is asked to
            self.latencies_ms.append(1000 * (time.monotonic() - began_s))

    async def capacity(self, seconds: float) -> float:
        """Return how many operations a second are answered with as many under way as there may be."""
        ends_s, count = time.monotonic() + seconds, 0

        async def ask_on() -> None:
            nonlocal count
            while time.monotonic() < ends_s:
                await self.one()
                count += 1

        await asyncio.gather(*(ask_on() for _ in range(MAX_UNDER_WAY)))
        return count / seconds

    async def at_rate(self, per_s: float, seconds: float) -> None:
        """Let operations be due at a rate."""
        free, under_way = asyncio.Semaphore(MAX_UNDER_WAY), set[asyncio.Task[None]]()

        async def due(at_s: float) -> None:
            try:
                await self.one(at_s)
            finally:
                free.release()

        began_s = time.monotonic()
        for number in range(int(per_s * seconds)):
            at_s = began_s + number / per_s
            await asyncio.sleep(max(0.0, at_s - time.monotonic()))
            await free.acquire()
            if time.monotonic() - at_s > LATE_S:
                self.left_out += 1
                free.release()
                continue
            task = asyncio.create_task(due(at_s))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    def taken(self) -> tuple[list[float], int]:
        """Return latencies and errors since the last time."""
        found, self.latencies_ms = self.latencies_ms, []
        errors, self.errors = self.errors, 0
        return found, errors

    async def _poll(self, person: Person) -> None:
        channel = self._random.choice(self.channels)
        page = await self._ask(person.name, _POLL, {"c": channel, "a": person.cursors.get(channel)})
        seqs = [node["seq"] for node in page["nodes"]]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))) if seqs else True, f"a page with a hole: {seqs}"
        person.cursors[channel] = page["pageInfo"]["endCursor"]

    async def _page(self, person: Person) -> None:
        await self._ask(person.name, _PAGE, {"c": self._random.choice(self.channels)})

    async def _unread(self, person: Person) -> None:
        await self._ask(person.name, _UNREAD, {})

    async def _sync(self, person: Person, wait_ms: int = 0) -> None:
        page = await self._ask(person.name, _SYNC, {"t": person.sync, "w": wait_ms})
        person.sync = page["token"]

    async def _held(self, person: Person) -> None:
        await self._sync(person, 1000)

    async def _send(self, person: Person) -> None:
        given: dict[str, Any] = {"channelId": self._random.choice(self.channels), "content": "words of a soak " * 4}
        if self._random.random() < 0.1:
            given["mentionIds"] = [self._random.choice(self.people).id]
        sent = await self._ask(person.name, SEND, {"i": given})
        person.own = [*person.own[-20:], sent["message"]["id"]]

    async def _edit(self, person: Person) -> None:
        if person.own:
            await self._ask(person.name, _EDIT, {"m": self._random.choice(person.own), "t": f"edited {self._random.random()}"})

    async def _react(self, person: Person) -> None:
        if person.own:
            await self._ask(person.name, REACT, {"i": {"messageId": person.own[-1], "emoji": self._random.choice("🎉👍😀")}})

    async def _read(self, person: Person) -> None:
        if person.cursors:
            channel, cursor = self._random.choice(list(person.cursors.items()))
            await self._ask(person.name, _READ, {"c": channel, "u": cursor})
        await self._ask(person.name, _MARK, {})

    async def _ask(self, who: str, query: str, variables: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {token(who)}"}
        body = {"query": query, "variables": {name: value for name, value in variables.items() if value is not None}}
        timeout = aiohttp.ClientTimeout(TIMEOUT_S)
        async with self.session.post(f"{self.url}/graphql", json=body, headers=headers, timeout=timeout) as answer:
            told = await answer.json()
        assert answer.status == 200, (answer.status, told)
        assert "errors" not in told, told["errors"]
        (payload,) = told["data"].values()
        assert not payload.get("userErrors"), payload
        return payload
