"""Events: what a subscription gives, in this order within one answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pollux_client.records import Channel, Inbox, Message, Notification


class Head(NamedTuple):
    """The newest message of a channel that was given. `seq` is None where only its cursor is known."""

    seq: int | None
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Position:
    """Where a client is: the server's token, and the newest message given of each channel.

    `whole` is False after resuming from a token alone: then the token covers channels that `heads` does not hold, and
    their first messages may be given again.
    """

    token: str | None = None
    heads: Mapping[str, Head] = field(default_factory=dict)
    whole: bool = True

    def to_json(self) -> str:
        """Return the position as a text, to be stored."""
        return json.dumps({"token": self.token, "heads": self.heads, "whole": self.whole}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Position":
        """Return the position of a text that `to_json` made. Raises ValueError for another."""
        try:
            stored = json.loads(text)
            heads = {str(key): Head(*head) for key, head in stored["heads"].items()}
            return cls(stored["token"], heads, bool(stored["whole"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no position: {text[:80]!r}") from error


@dataclass(frozen=True, slots=True)
class Offline:
    """There is no answer; `retry_at_ms` is on the event loop's clock, None while the system says there is no network."""

    code: str
    retry_at_ms: int | None


@dataclass(frozen=True, slots=True)
class Online:
    """The server answers, for the first time or again."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Where the client was cannot be continued: drop what you hold, except unsent messages. What follows is a fresh start."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChannelRemoved:
    """The viewer left or was removed, or cannot see the channel that was named. Nothing later of it comes."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """A channel is new to this client, or differs from what was last given."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages after the cursor `after` were left out: those before `before`, or else up to and including `until`.

    `after` is None where none before them is known.
    """

    channel_id: str
    after: str | None
    before: str | None
    until: str | None


@dataclass(frozen=True, slots=True)
class Stale:
    """Messages given of this channel may have changed without word of it: those before the cursor, or all where it is None.

    It comes where a client was far behind, and of channels beyond the 200 that a token can name.
    """

    channel_id: str
    before: str | None


@dataclass(frozen=True, slots=True)
class MessageCreated:
    """A message that this client did not know; in order of `seq`, each once. `fresh` ones show what was there already."""

    message: Message
    fresh: bool


@dataclass(frozen=True, slots=True)
class MessageUpdated:
    """A newer state of a message given before: its content or its reactions."""

    message: Message


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """The tombstone of a message given before."""

    message: Message


@dataclass(frozen=True, slots=True)
class NotificationCreated:
    """A notification that this client did not know. `fresh` ones show what was there already."""

    notification: Notification
    fresh: bool


@dataclass(frozen=True, slots=True)
class NotificationUpdated:
    """A notification was seen, read or archived."""

    notification: Notification


@dataclass(frozen=True, slots=True)
class InboxChanged:
    """How many notifications are unseen and unread."""

    inbox: Inbox


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Everything up to `position` was given: who stores it resumes exactly there. `caught_up`: nothing more is waiting.

    The first answer brings one even where nothing is new.
    """

    position: Position
    caught_up: bool


MessageEvent = MessageCreated | MessageUpdated | MessageDeleted
Event = (
    Offline
    | Online
    | Reset
    | ChannelRemoved
    | ChannelChanged
    | Stale
    | Gap
    | MessageCreated
    | MessageUpdated
    | MessageDeleted
    | NotificationCreated
    | NotificationUpdated
    | InboxChanged
    | Checkpoint
)


def channel_of(event: Event) -> str | None:
    """Return the channel an event belongs to; None for what concerns them all."""
    match event:
        case MessageCreated() | MessageUpdated() | MessageDeleted():
            return event.message.channel_id
        case ChannelChanged():
            return event.channel.id
        case ChannelRemoved() | Stale() | Gap():
            return event.channel_id
        case _:
            return None
