"""Sending: a message is brought to the server once, however often it takes.

Rule: the key is made before the first attempt and goes with each. Messages to one channel go one after the other, so they
arrive in the order in which they were sent.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

from pollux_client import reading
from pollux_client.documents import SEND
from pollux_client.errors import Closed, PolluxError, Refused, error_of
from pollux_client.http import Http
from pollux_client.protocol.failure import Kind
from pollux_client.protocol.send import Attempt, SendMachine
from pollux_client.protocol.send import Refused as Final
from pollux_client.records import Message


class Sender:
    """Sends messages. `now_ms` is the clock of the protocol, `random` its chance."""

    def __init__(self, http: Http, *, now_ms: Callable[[], int], random: Callable[[], float]) -> None:
        self._http = http
        self._now_ms = now_ms
        self._random = random
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._waiting: set[asyncio.Event] = set()
        self._closed = False

    def connected(self) -> None:
        """Try again at once what waits for the connection."""
        for back in self._waiting:
            back.set()

    def close(self) -> None:
        """Let what waits fail."""
        self._closed = True
        self.connected()

    async def send(
        self, channel_id: str, content: str, *, reply_to: str | None, mentions: Sequence[str], key: str | None
    ) -> Message:
        """Return the message as it was accepted. Raises Refused, PolluxError."""
        written = {
            "channelId": channel_id,
            "content": content,
            "clientMessageId": key or uuid4().hex,
            "replyToId": reply_to,
            "mentionIds": list(mentions),
        }
        turn = self._turns.setdefault(channel_id, asyncio.Lock())
        async with turn:
            return await self._until_settled(written)

    async def _until_settled(self, written: dict[str, Any]) -> Message:
        machine = SendMachine(random=self._random, token_renewable=self._http.tokens.renewable)
        attempt, bearer = machine.start(), None
        while True:
            if self._closed:
                raise Closed
            try:
                bearer = await self._http.bearer(instead_of=bearer if attempt.renew_token else None)
                answer = await self._http.ask(SEND, {"input": written}, bearer=bearer)
            except PolluxError as error:
                made = machine.failed(self._now_ms(), error.failure)
                if isinstance(made, Final):
                    raise
                attempt = made or await self._next(machine)
            else:
                machine.acknowledged()
                return _accepted(answer.data or {})

    async def _next(self, machine: SendMachine) -> Attempt:
        """Wait until the next attempt is due, or the connection is back."""
        back = asyncio.Event()
        self._waiting.add(back)
        try:
            while True:
                if self._closed:
                    raise Closed
                assert machine.wake_at is not None
                try:
                    async with asyncio.timeout(max(0, machine.wake_at - self._now_ms()) / 1000 + 0.001):
                        await back.wait()
                except TimeoutError:
                    attempt = machine.tick(self._now_ms())
                else:
                    back.clear()
                    attempt = machine.connected()
                if attempt is not None:
                    return attempt
        finally:
            self._waiting.discard(back)


def _accepted(data: dict[str, Any]) -> Message:
    try:
        payload = data["sendMessage"]
        mistakes, sent = payload["userErrors"], payload["message"]
        if mistakes:
            raise Refused(mistakes[0]["message"], code=mistakes[0]["code"], field=mistakes[0]["field"] or ())
        return reading.read(reading.message, sent)
    except (KeyError, TypeError, ValueError) as error:
        raise error_of(
            f"the answer to a send is not of the form expected: {error!r}", code="BAD_ANSWER", kind=Kind.FINAL
        ) from error
