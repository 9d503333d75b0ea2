"""A streaming replica of the database, for messages that were said long ago.

Rule: it is never believed by time. What it holds counts only where the same statement, and so the same snapshot, shows that it
has replayed the last change of any message of that channel that the primary's head named, in the same epoch. Else the primary
is asked, as without a replica.
"""

import logging
import time
from collections.abc import Callable
from enum import Enum
from typing import Any, Self

import asyncpg

from models.deadline import Deadline
from models.message import COLUMNS, MessageRecord, record_of
from models.read_watch import note
from models.store_url import StoreUrl

log = logging.getLogger("pollux.database")

# A page of history takes a few milliseconds; whoever waits for a replica longer still has the primary to ask.
DEADLINE_S = 0.5
# After a failure the primary alone is asked for so long.
REST_S = 5.0

# A message that was there when `last_change` was given out is now as it was then, or as a later change made it.
_PAGE = f"""
    SELECT {", ".join(f"m.{column}" for column in COLUMNS.split(", "))}
    FROM database_identity AS d CROSS JOIN channels AS c JOIN messages AS m ON m.channel_id = c.id
    WHERE d.epoch_hex = $1 AND c.id = $2 AND c.last_event >= $3 AND m.seq >= $4 AND m.seq <= $5
    ORDER BY m.seq
"""


class Outcome(Enum):
    """What came of asking: it had the page, it had not replayed that far or is of another epoch, or it did not answer."""

    SERVED = "served"
    BEHIND = "behind"
    FAILED = "failed"


class Replica:
    """Reads pages from a standby; `outcomes` counts what came of it."""

    def __init__(self, pool: asyncpg.Pool, *, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._deadline = Deadline(DEADLINE_S)
        self._clock_s = clock_s
        self._rests_until_s = -REST_S
        self.outcomes = dict.fromkeys(Outcome, 0)

    @classmethod
    async def open(cls, url: StoreUrl, *, clock_s: Callable[[], float] = time.monotonic) -> Self:
        """Return the replica at `url`; connections are made when first used."""
        given: dict[str, Any] = dict(url.connection()["credentials"])
        settings = {"application_name": given.pop("application_name"), "default_transaction_read_only": "on"}
        most = given.pop("maxsize")
        del given["minsize"]
        pool = await asyncpg.create_pool(min_size=0, max_size=most, reset=_as_it_is, server_settings=settings, **given)
        return cls(pool, clock_s=clock_s)

    async def messages_between(
        self, channel_id: int, first_seq: int, last_seq: int, *, epoch_hex: str, last_change: int
    ) -> list[MessageRecord] | None:
        """Return the messages first_seq..last_seq as of event `last_change` or later, oldest first; None where it cannot tell."""
        if self._clock_s() < self._rests_until_s:
            return None
        note(_PAGE)
        try:
            reading = self._pool.fetch(_PAGE, epoch_hex, channel_id, last_change, first_seq, last_seq)
            rows = await self._deadline.wait(reading)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            log.warning("the replica could not answer: %s: %s", type(error).__name__, error)
            self._rests_until_s = self._clock_s() + REST_S
            self.outcomes[Outcome.FAILED] += 1
            return None
        if len(rows) != last_seq - first_seq + 1:
            self.outcomes[Outcome.BEHIND] += 1
            return None
        self.outcomes[Outcome.SERVED] += 1
        return [record_of(row) for row in rows]

    async def close(self) -> None:
        """Close every connection."""
        self._pool.terminate()


async def _as_it_is(_connection: asyncpg.Connection) -> None:
    """Give a connection back: there is no session state to reset."""
