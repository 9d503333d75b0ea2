"""Group commit: one transaction in flight per channel and process; what queued meanwhile is the next batch.

Rule: a send in the queue belongs to the queue. A caller that goes away cancels nothing, and a batch that fails on one
bad row is tried again in halves, so that the neighbours of a bad row are stored.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

from models.clock import Clock
from models.database import TRANSACTION_DEADLINE_S, Database
from models.errors import PolluxError, Unavailable
from models.message import MessageRecord
from models.send import accept_sends
from models.send_plan import Send

log = logging.getLogger("pollux.sends")

# Keeps a batch's transaction, and so the lock on its channel, to some milliseconds.
MAX_BATCH = 256
# A sender waits this long for the queue before it and its own batch; what is queued goes on.
WAIT_S = 2 * TRANSACTION_DEADLINE_S


@dataclass(frozen=True, slots=True)
class _Waiting:
    send: Send
    done: asyncio.Future[MessageRecord]


class GroupCommit:
    """The queues of sends of one process, by channel. `max_batch` 1 is one transaction a message, the plain way."""

    def __init__(self, db: Database, clock: Clock, *, max_batch: int = MAX_BATCH) -> None:
        self._db = db
        self._clock = clock
        self._max_batch = max_batch
        self._queues: dict[int, deque[_Waiting]] = {}
        self._writers: dict[int, asyncio.Task[None]] = {}

    async def send(self, send: Send) -> MessageRecord:
        """Return the accepted message, committed.

        Raises Mistake or NotFound where it is refused, Unavailable where the outcome is unknown: a retry with the
        same client message id settles it.
        """
        waiting = _Waiting(send, asyncio.get_running_loop().create_future())
        self._queues.setdefault(send.channel_id, deque()).append(waiting)
        if send.channel_id not in self._writers:
            self._writers[send.channel_id] = asyncio.create_task(self._drain(send.channel_id), name="group commit")
        try:
            return await asyncio.wait_for(asyncio.shield(waiting.done), WAIT_S)
        except TimeoutError:
            raise Unavailable from None

    async def close(self) -> None:
        """Wait until everything queued is stored or refused."""
        await asyncio.gather(*self._writers.values())

    async def _drain(self, channel_id: int) -> None:
        queue = self._queues[channel_id]
        while queue:
            batch = [queue.popleft() for _ in range(min(len(queue), self._max_batch))]
            for waiting, outcome in zip(batch, await self._accept([w.send for w in batch]), strict=True):
                _settle(waiting.done, outcome)
        del self._queues[channel_id], self._writers[channel_id]

    async def _accept(self, sends: list[Send]) -> list[MessageRecord | Exception]:
        try:
            return await accept_sends(self._db, sends, self._clock())
        except PolluxError as error:
            return [error] * len(sends)
        except Exception as error:  # whatever it is, every waiting sender must be told, and the queue go on
            if len(sends) == 1:
                log.exception("a send failed")
                return [error]
            log.warning("a batch of %d sends failed (%s); trying its halves", len(sends), type(error).__name__)
            half = len(sends) // 2
            return await self._accept(sends[:half]) + await self._accept(sends[half:])


def _settle(done: asyncio.Future[MessageRecord], outcome: MessageRecord | Exception) -> None:
    if isinstance(outcome, MessageRecord):
        done.set_result(outcome)
    else:
        done.set_exception(outcome)
        done.exception()  # a caller that went away is no "exception was never retrieved"
