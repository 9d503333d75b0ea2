"""A crowd of our Python clients in a process of its own: who comes when, who says what, and how long each poll took.

Reads what to do as JSON from its input, begins at a moment of the clock, and writes what it saw as JSON when it is over. A
latency is from the request to the answer's headers, as the client sees it: what its own process was late is in it.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import asdict
from types import SimpleNamespace
from typing import Any

import aiohttp
import uvloop

from benchmarks.pacing.crowd_orders import Orders, Seen
from pollux_client import PollingProvider
from pollux_client.errors import PolluxError
from pollux_client.following import Carrier, Receiver
from pollux_client.http import Http
from pollux_client.polling import Polls
from pollux_client.protocol.actions import Request

_LOOK_S = 0.05
# Whether the present task sends; its requests are then no polls.
_sends: ContextVar[bool] = ContextVar("sends", default=False)


def main() -> None:
    """Do what the input says."""
    orders, seen = Orders(**json.load(sys.stdin)), Seen()
    uvloop.run(_crowd(orders, seen))
    json.dump(asdict(seen), sys.stdout)


class Stubborn:
    """Hands pages on with another interval than the server's."""

    def __init__(self, to: Receiver, interval_ms: int) -> None:
        self._to = to
        self._interval_ms = interval_ms
        self.opened, self.room = to.opened, to.room

    def page(self, data: Mapping[str, Any]) -> None:
        interval = {**data["sync"]["pollingInterval"], "milliseconds": self._interval_ms}
        self._to.page({"sync": {**data["sync"], "pollingInterval": interval}})

    def not_modified(self, _: int | None) -> None:
        self._to.not_modified(self._interval_ms)


class StubbornPolls(Polls):
    """Polls as ever, at a fixed interval."""

    def __init__(self, http: Http, interval_ms: int) -> None:
        super().__init__(http)
        self._interval_ms = interval_ms

    async def carry(self, request: Request, bearer: str, to: Receiver) -> None:
        await super().carry(request, bearer, Stubborn(to, self._interval_ms))


class StubbornProvider(PollingProvider):
    """Our client, but for its interval."""

    def __init__(self, url: str, *, token: str, session: aiohttp.ClientSession, interval_ms: int) -> None:
        self._interval_ms = interval_ms
        super().__init__(url, token=token, session=session)

    def _carrier(self, http: Http) -> Carrier:
        return StubbornPolls(http, self._interval_ms)


async def _crowd(orders: Orders, seen: Seen) -> None:
    watching = asyncio.create_task(_watch(seen))
    clients = [asyncio.create_task(_client(orders, number, seen)) for number in range(len(orders.tokens))]
    await asyncio.sleep(orders.begin_s + orders.ends_s - time.time())
    for task in (watching, *clients):
        task.cancel()
    await asyncio.wait(clients, timeout=5)


async def _client(orders: Orders, number: int, seen: Seen) -> None:
    chance = random.Random(orders.seed + number)  # noqa: S311  # chance, no secret
    await asyncio.sleep(orders.begin_s + orders.comes_s[number] - time.time())
    token, channel = orders.tokens[number], orders.channels[number]
    # A connection of its own, as it would have on a machine of its own.
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[_timed(orders, seen)]) as session:
        provider = (
            PollingProvider(orders.url, token=token, session=session)
            if orders.fixed_ms is None
            else StubbornProvider(orders.url, token=token, session=session, interval_ms=orders.fixed_ms)
        )
        async with provider as chat:
            reading = asyncio.create_task(_read(chat, channel))
            try:
                while True:
                    await asyncio.sleep(chance.expovariate(1 / orders.says_s))
                    _sends.set(True)
                    try:
                        await chat.send(channel, f"word {chance.random()}")
                    except PolluxError:
                        seen.failed += 1
                    finally:
                        _sends.set(False)
            finally:
                reading.cancel()


async def _read(chat: PollingProvider, channel: str) -> None:
    async for _ in chat.subscribe(channel):
        pass


def _timed(orders: Orders, seen: Seen) -> aiohttp.TraceConfig:
    """Return what notes the time of each request, of sends by themselves: they wait for the database's disk."""
    trace = aiohttp.TraceConfig()

    async def begin(_: aiohttp.ClientSession, context: SimpleNamespace, __: aiohttp.TraceRequestStartParams) -> None:
        context.began_s = time.monotonic()

    async def end(_: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams) -> None:
        at_s, took_s = time.time() - orders.begin_s, time.monotonic() - context.began_s
        if params.response.status in (429, 503):
            seen.refused_s.append(round(at_s, 2))
        elif _sends.get():
            seen.said_s.append(round(at_s - took_s, 2))
            seen.said_ms.append(round(1000 * took_s, 2))
        else:
            seen.began_s.append(round(at_s - took_s, 2))
            seen.took_ms.append(round(1000 * took_s, 2))

    async def fail(_: aiohttp.ClientSession, __: SimpleNamespace, ___: aiohttp.TraceRequestExceptionParams) -> None:
        seen.failed += time.time() < orders.begin_s + orders.ends_s  # those of the end were given up

    trace.on_request_start.append(begin)
    trace.on_request_end.append(end)
    trace.on_request_exception.append(fail)
    return trace


async def _watch(seen: Seen) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + _LOOK_S
        await asyncio.sleep(_LOOK_S)
        seen.late_ms.append(round(1000 * max(0.0, loop.time() - due_s), 1))


if __name__ == "__main__":
    main()
