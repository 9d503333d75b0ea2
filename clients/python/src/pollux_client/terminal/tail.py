"""`tail`: what is said in a channel, as it is said."""

import argparse
import sys
from dataclasses import dataclass, field

from pollux_client.errors import NotFound, Unreachable
from pollux_client.events import (
    ChannelRemoved,
    Event,
    Gap,
    MessageCreated,
    MessageDeleted,
    MessageUpdated,
    Offline,
    Online,
    Reset,
)
from pollux_client.protocol.failure import Kind
from pollux_client.provider import RealtimeProvider
from pollux_client.records import Message
from pollux_client.terminal.finding import find_channel
from pollux_client.terminal.writing import as_json, harmless, in_words, write

# Words of messages that are remembered, to tell an edit from a reaction.
REMEMBERED = 500


async def tail(provider: RealtimeProvider, given: argparse.Namespace) -> int:
    """Write the newest messages of a channel and then what happens in it. Raises PolluxError."""
    channel = await find_channel(provider, given.channel)
    _note(f"{harmless(channel.name)}, by {provider.transport.value}; Ctrl-C ends")
    shown = _Tail(provider, as_json=given.json)
    async for event in provider.subscribe(channel.id):
        await shown.take(event)
    return 0


def _note(said: str) -> None:
    """Say something about the connection."""
    print(f"-- {said}", file=sys.stderr, flush=True)


@dataclass
class _Tail:
    provider: RealtimeProvider
    as_json: bool
    was_online: bool = False
    words: dict[int, str] = field(default_factory=dict)

    async def take(self, event: Event) -> None:
        """Write what an event tells. Raises what ends it: a channel lost, a server that was never there."""
        match event:
            case MessageCreated(message):
                self._show("messageCreated", message)
            case MessageUpdated(message):
                known = self.words.get(message.seq)
                if self.as_json or (message.edited_at is not None and known != message.content):
                    self._show("messageUpdated", message, what=" (edited)")
            case MessageDeleted(message):
                self._show("messageDeleted", message, what=" (deleted)")
            case Gap():
                async for message in self.provider.fill(event):
                    self._show("messageCreated", message)
            case ChannelRemoved():
                raise NotFound("the channel is no longer yours to see", code="NOT_FOUND")
            case Reset(reason):
                self.words.clear()
                _note(f"the server cannot continue ({reason}); its newest messages again:")
            case Offline():
                self._offline(event)
            case Online():
                if self.was_online:
                    _note("online again")
                self.was_online = True
            case _:
                pass

    def _show(self, kind: str, message: Message, *, what: str = "") -> None:
        self.words[message.seq] = message.content
        if len(self.words) > REMEMBERED:
            del self.words[next(iter(self.words))]
        write(as_json(message, type=kind) if self.as_json else in_words(message, what=what))

    def _offline(self, event: Offline) -> None:
        error = self.provider.error
        if not self.was_online:
            raise error or Unreachable("no connection", code=event.code, kind=Kind.TRANSIENT)
        _note(f"offline: {error or event.code}; trying again")
