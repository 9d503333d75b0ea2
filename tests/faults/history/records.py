"""The log of a run: what was attempted, what was answered, what failed, each with the times of one monotonic clock.

Rule: a record says what a client saw and nothing it concluded. Times are seconds of time.monotonic, which all processes
of a machine share; an attempt without an answer is UNKNOWN, never REFUSED.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

STORE = "store"


class Kind(Enum):
    """What a writer attempts."""

    SEND = "send"
    EDIT = "edit"
    DELETE = "delete"
    PROFILE = "profile"
    JOIN = "join"
    LEAVE = "leave"


class Outcome(Enum):
    ACKED = "acked"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Way(Enum):
    """How a reader asked: what follows its cursor, the newest few, or, when all is over, everything from the start."""

    FOLLOW = "follow"
    NEWEST = "newest"
    AUDIT = "audit"


class Shown(NamedTuple):
    """A message as an answer showed it. `key` is its clientMessageId, `author` the name shown."""

    id: str
    seq: int
    cursor: str
    version: int
    content: str
    author: str
    key: str
    deleted: bool


class Attempt(NamedTuple):
    """One request of a writer. A retry is another attempt with the same key.

    `who` sends, or joins and leaves; `key` is the message's clientMessageId, also of an edit or delete; `text` is the
    content, or the new name. `shown` is the message that an ack carried, where it did.
    """

    kind: Kind
    who: str
    channel: str
    key: str
    text: str
    began_s: float
    ended_s: float
    outcome: Outcome
    process: int
    shown: Shown | None = None


class Answer(NamedTuple):
    """One answer to a reader. A `client` asks one thing at a time, so its answers have an order.

    `after` and `end` are the cursors given and got, `more` is hasNextPage; `visible` is False where the channel was
    NOT_FOUND; `member` is whether the answer shows `who` as a member, None where it was not asked. Answers of one `batch`
    that is not 0 were given together, made from pages of several moments: their order says nothing of what people are called.
    """

    client: str
    who: str
    process: int
    channel: str
    way: Way
    began_s: float
    ended_s: float
    after: str | None = None
    end: str | None = None
    nodes: tuple[Shown, ...] = ()
    more: bool = False
    visible: bool = True
    member: bool | None = None
    batch: int = 0


class Failure(NamedTuple):
    """One request that got an error; `code` is `connection` or `timeout` where there was no answer at all."""

    at_s: float
    code: str
    process: int
    retry_after: bool


@dataclass(slots=True)
class History:
    """Everything a run logged. `private` are the channels that only members may see.

    Where the database had several `epochs`, one place has a cursor in each. `audited` is False for a part of a history whose
    database was lost before anybody looked.
    """

    attempts: list[Attempt] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    private: set[str] = field(default_factory=set)
    epochs: int = 1
    audited: bool = True

    @property
    def acked_sends(self) -> int:
        """Messages, not attempts: a retry that is acknowledged twice counts once."""
        acked = {(a.channel, a.key) for a in self.attempts if a.kind is Kind.SEND and a.outcome is Outcome.ACKED}
        return len(acked)
