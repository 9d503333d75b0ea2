"""Those who follow every room with the Python client, and go on by another transport and another process all the time.

Rule: what one leg was given, the next does not get again, and nothing falls between them; a wanderer logs what its client
gave it, in that order. Told to begin again, it goes on from what it is then given. A message that a leg could not bring to
the server is sent by the next, with the same key.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable

from pollux_client import (
    Checkpoint,
    Closed,
    Event,
    Gap,
    Message,
    MessageCreated,
    MessageDeleted,
    MessageUpdated,
    Position,
    RealtimeProvider,
    Reset,
    Transport,
    create_realtime_provider,
)
from tests.faults.history.records import Answer, Attempt, Kind, Outcome, Shown, Way
from tests.faults.history.session import Person

TRANSPORTS = tuple(Transport)
SHORTEST_LEG_S, LONGEST_LEG_S = 0.2, 2.0
ENTER_S = 60.0


def shown(message: Message) -> Shown:
    """Return a message as the client gave it."""
    return Shown(
        message.id, message.seq, message.cursor, message.version, message.content, message.author.name,
        message.client_message_id or "", message.deleted_at is not None,
    )  # fmt: skip


class Wanderer:
    """One client of a person who belongs to all `rooms`."""

    def __init__(self, person: Person, rooms: Iterable[str]) -> None:
        self.person = person
        self.position: Position | None = None
        self._cursors: dict[str, str | None] = dict.fromkeys(rooms)
        self._new: defaultdict[str, list[Shown]] = defaultdict(list)
        self._leg, self._batch = 0, 1
        self._begins_again = False
        self._began_s = 0.0
        self._unsent: str | None = None

    async def enter(self) -> None:
        """Begin, before anybody writes."""
        await self._follow(Transport.POLLING, ENTER_S, catches_up=True)

    async def run(self) -> None:
        """Wander until the load stops."""
        random = self.person.load.random
        while not self.person.load.stopping:
            await self._follow(random.choice(TRANSPORTS), random.uniform(SHORTEST_LEG_S, LONGEST_LEG_S), writes=True)

    async def finish(self) -> None:
        """Follow once more, now that nobody writes, and log where that ended."""
        await self._follow(self.person.load.random.choice(TRANSPORTS), ENTER_S, catches_up=True)
        for channel, cursor in self._cursors.items():
            self._log(channel, Way.FOLLOW, (), after=cursor, end=cursor)

    async def _follow(self, transport: Transport, longest_s: float, *, catches_up: bool = False, writes: bool = False) -> None:
        """Go on where the last leg ended, for a time, or until everything was given."""
        load = self.person.load
        self._leg += 1
        self._began_s = time.monotonic()
        url = f"http://127.0.0.1:{load.random.choice(load.plan.ports)}"
        provider = create_realtime_provider(url, token=self.person.token, transport=transport, resume=self.position)
        subscription = provider.subscribe()
        writing = asyncio.create_task(self._write(provider)) if writes else None
        try:
            async with asyncio.timeout(longest_s):
                async for event in subscription:
                    self._take(event)
                    if catches_up and isinstance(event, Checkpoint) and event.caught_up:
                        break
        except TimeoutError:
            assert not catches_up, f"{self.person.who} did not catch up in {longest_s} s: {provider.error}"
        finally:
            await provider.close()
        async for event in subscription:
            self._take(event)
        self.position = provider.position
        if writing is not None:
            await writing

    def _take(self, event: Event) -> None:
        match event:
            case MessageCreated(message):
                self._new[message.channel_id].append(shown(message))
            case MessageUpdated(message) | MessageDeleted(message):
                self._log(message.channel_id, Way.NEWEST, (shown(message),), more=True)
            case Checkpoint(_, caught_up):
                for channel, nodes in self._new.items():
                    after, end = self._cursors[channel], nodes[-1].cursor
                    # The newest, where what came before them was left out.
                    way = Way.NEWEST if self._begins_again else Way.FOLLOW
                    self._log(channel, way, tuple(nodes), after=after, end=end, more=not caught_up)
                    self._cursors[channel] = end
                self._new.clear()
                self._batch += 1
                self._begins_again = self._begins_again and not caught_up
            case Reset() if self.person.load.plan.resets:
                self._cursors = dict.fromkeys(self._cursors)
                self._new.clear()
                self._begins_again = True
            case Gap() if self._begins_again:
                pass
            case Reset() | Gap():
                raise RuntimeError(f"{self.person.who} was given {event}")
            case _:
                pass

    async def _write(self, provider: RealtimeProvider) -> None:
        """Send one message, the one that the last leg could not send where there is one."""
        load, channel = self.person.load, next(iter(self._cursors))
        key = self._unsent = self._unsent or f"{self.person.who}-by-client-{self._leg}"
        text, began_s = f"{key} as sent", time.monotonic()
        outcome, accepted = Outcome.UNKNOWN, None
        try:
            accepted = shown(await provider.send(channel, text, client_message_id=key))
        except Closed:
            pass
        else:
            outcome, self._unsent = Outcome.ACKED, None
            load.signals.acks.value += 1
        ended_s = time.monotonic()
        load.history.attempts.append(
            Attempt(Kind.SEND, self.person.who, channel, key, text, began_s, ended_s, outcome, 0, accepted)
        )

    def _log(
        self, channel: str, way: Way, nodes: tuple[Shown, ...], *,
        after: str | None = None, end: str | None = None, more: bool = False,
    ) -> None:  # fmt: skip
        """Log what came. Of a page it is only known that it was asked for after the leg began."""
        who, ended_s = self.person.who, time.monotonic()
        answer = Answer(f"{who}-client", who, 0, channel, way, self._began_s, ended_s, after, end, nodes, more, batch=self._batch)
        self.person.load.history.answers.append(answer)
        self.person.load.signals.polls.value += 1
