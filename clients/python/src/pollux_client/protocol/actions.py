"""Actions: what the protocol asks of whoever does the I/O."""

from dataclasses import dataclass
from enum import Enum

from pollux_client.events import Event


class Transport(Enum):
    """How pages come; the pages are the same."""

    POLLING = "polling"
    LONG_POLLING = "long-polling"
    WEBSOCKET = "websocket"


@dataclass(frozen=True, slots=True)
class Request:
    """Ask for what follows `token`, or, as a `stream`, subscribe to it. `renew_token`: with a new bearer token."""

    id: int
    token: str | None
    channel_ids: tuple[str, ...] | None
    wait_ms: int
    stream: bool
    renew_token: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    """The request with this id is no longer wanted; an answer to it does nothing."""

    id: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No request will follow."""

    code: str
    message: str


Action = Request | Cancel | GiveUp


@dataclass(frozen=True, slots=True)
class Output:
    """What to do, and what to give to subscribers, in order."""

    actions: tuple[Action, ...] = ()
    events: tuple[Event, ...] = ()
