"""What the people of one load share: the servers, the log and the end of it; and one person asking.

Rule: every request leaves its times; an error is logged with its code before anybody decides what to do about it.
"""

import asyncio
import ctypes
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from multiprocessing.synchronize import Event
from random import Random
from typing import Any, NamedTuple

import orjson

from tests.asking import token
from tests.faults.history.records import Failure, History
from tests.faults.history.wire import Broken, NobodyListens, Wire

# The servers refuse claims of the future; names change by tokens a second apart, so they begin in the past.
FIRST_ISSUED_S = time.time() - 12 * 3600
CONTROL_CACHE_S = 1.0
# The code of an error that tells a client to begin again without its cursor.
RESET = "reset"


class Control(Enum):
    """A defect put between the clients and the server, which the checker must find."""

    CACHE_ASIDE = "pages kept for a second by channel and cursor"
    WRITE_BEHIND = "one send in fifty acknowledged and forgotten"


@dataclass(frozen=True, slots=True)
class Plan:
    """One load: who, against which ports, and the polls there should be for each acknowledged send.

    `resets` where clients may be told to begin again. Where the database `loses` what it acknowledged, nobody changes what was
    sent, moves or opens rooms: they would speak of what is not there, or is another's by then.
    """

    ports: tuple[int, ...]
    seed: int
    writers: int = 16
    readers: int = 16
    rooms: int = 4
    polls_per_send: float = 4.0
    control: Control | None = None
    resets: bool = False
    loses: bool = False


@dataclass(slots=True)
class Signals:
    """What the process of the load and the one that started it tell each other."""

    acks: ctypes.c_longlong
    polls: ctypes.c_longlong
    ready: Event
    stop: Event


class Reply(NamedTuple):
    """`code` is empty where there is data without errors."""

    data: dict[str, Any]
    code: str
    process: int
    began_s: float
    ended_s: float


@dataclass(slots=True)
class Load:
    """The state of a running load."""

    plan: Plan
    signals: Signals
    history: History = field(default_factory=History)
    random: Random = field(default_factory=Random)
    stopping: bool = False
    kept: dict[bytes, tuple[float, bytes]] = field(default_factory=dict)

    def unexpected(self, reply: "Reply", code: str) -> None:
        """Count an answer that is no error to the server, and yet wrong."""
        self.history.failures.append(Failure(reply.ended_s, code, reply.process, retry_after=False))

    async def watch(self) -> None:
        """Take note of the other process's word that it is enough."""
        while not self.signals.stop.is_set():  # noqa: ASYNC110  # the other process has no event loop to signal
            await asyncio.sleep(0.05)
        self.stopping = True


class Person:
    """A user with a connection to every server process. `name` is what the `token` says."""

    def __init__(self, load: Load, who: str) -> None:
        self.load = load
        self.who = who
        self.names = 0
        self._wires = [Wire(port) for port in load.plan.ports]
        self.rename()

    def rename(self) -> None:
        """Use a later token with another name from now on."""
        self.name = f"{self.who} {self.names}"
        issued_s = FIRST_ISSUED_S + self.names
        self.token = token(self.who, name=self.name, issued_s=issued_s)
        self._authorization = f"Bearer {self.token}".encode()
        self.names += 1

    async def ask(
        self, query: str, variables: Mapping[str, object], *, process: int | None = None, expects: str = "", kept: bool = False
    ) -> Reply:
        """Return the answer of a process, by chance where none is named; every code but what it `expects` is a failure."""
        load = self.load
        at = load.random.randrange(len(self._wires)) if process is None else process
        body = orjson.dumps({"query": query, "variables": variables})
        began_s = time.monotonic()
        try:
            if kept and load.plan.control is Control.CACHE_ASIDE:
                raw = await self._cache_aside(at, body)
            else:
                at, raw = await self._post(at, body, elsewhere=process is None)
        except Broken as error:
            return self._failed(Reply({}, str(error), at, began_s, time.monotonic()), retry_after=False)
        ended_s = time.monotonic()
        answer = orjson.loads(raw)
        errors = answer.get("errors")
        if not errors:
            return Reply(answer["data"], "", at, began_s, ended_s)
        extensions = errors[0].get("extensions", {})
        code = RESET if extensions.get("reset") is True else extensions.get("code", "no code")
        reply = Reply({}, code, at, began_s, ended_s)
        if reply.code == expects:
            return reply
        return self._failed(reply, retry_after=isinstance(extensions.get("retryAfterMs"), int))

    async def pause(self, longest_s: float) -> None:
        await asyncio.sleep(self.load.random.random() * longest_s)

    async def until(self, attempt: Callable[[], Any]) -> Any:
        """Repeat `attempt` until it gives something, waiting a little between."""
        while (settled := await attempt()) is None:
            await self.pause(0.1)
        return settled

    def close(self) -> None:
        for wire in self._wires:
            wire.close()

    async def _post(self, at: int, body: bytes, *, elsewhere: bool) -> tuple[int, bytes]:
        """Return which process answered, and what; as behind a balancer, another one where nobody listens."""
        try:
            return at, await self._wires[at].post(self._authorization, body)
        except NobodyListens:
            if not elsewhere:
                raise
            at = (at + 1) % len(self._wires)
            return at, await self._wires[at].post(self._authorization, body)

    def _failed(self, reply: Reply, *, retry_after: bool) -> Reply:
        self.load.history.failures.append(Failure(reply.ended_s, reply.code, reply.process, retry_after))
        return reply

    async def _cache_aside(self, at: int, body: bytes) -> bytes:
        """The usual mistake: look into the cache, else ask and keep; nobody tells the cache what changed."""
        kept = self.load.kept.get(body)
        if kept is not None and time.monotonic() - kept[0] < CONTROL_CACHE_S:
            return kept[1]
        raw = await self._wires[at].post(self._authorization, body)
        self.load.kept[body] = (time.monotonic(), raw)
        return raw
