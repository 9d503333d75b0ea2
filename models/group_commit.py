"""Group commit: one transaction in flight per key and process; what queued meanwhile is the next batch.

Rule: an item in the queue belongs to the queue. A caller that goes away cancels nothing. A batch is tried again, in
halves, only where the database proved that it refused a row, so that the neighbours of a bad row are stored; a batch
that ends in any other way may have been stored, and is not tried again here.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from models.database import TRANSACTION_DEADLINE_S, RowRefused
from models.errors import PolluxError, Unavailable
from models.histogram import SIZES, Histogram

log = logging.getLogger("pollux.group_commit")

T = TypeVar("T")
R = TypeVar("R")

# Keeps a batch's transaction, and so the lock it holds, to some milliseconds.
MAX_BATCH = 256
# A caller waits this long for the queue before it and its own batch; what is queued goes on.
WAIT_S = 2 * TRANSACTION_DEADLINE_S


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[T, R]):
    item: T
    done: asyncio.Future[R]


class GroupCommit(ABC, Generic[T, R]):
    """Queues of items, by what they lock. `max_batch` 1 is one transaction an item, the plain way. `sizes` are of batches."""

    def __init__(self, *, max_batch: int = MAX_BATCH) -> None:
        self._max_batch = max_batch
        self.sizes = Histogram(SIZES)
        self._queues: dict[Hashable, deque[_Waiting[T, R]]] = {}
        self._writers: dict[Hashable, asyncio.Task[None]] = {}

    @abstractmethod
    def key(self, item: T) -> Hashable:
        """Return what the item locks: items with the same key are stored together, in the order they came."""

    @abstractmethod
    async def store(self, items: list[T]) -> list[R | Exception]:
        """Store items of one key in one transaction; returns, in their order, the outcome of each or why it is refused."""

    async def submit(self, item: T) -> R:
        """Return the outcome of an item, committed.

        Raises why it is refused, or Unavailable where the outcome is unknown: a retry with the same idempotency key
        settles it.
        """
        key = self.key(item)
        waiting: _Waiting[T, R] = _Waiting(item, asyncio.get_running_loop().create_future())
        self._queues.setdefault(key, deque()).append(waiting)
        if key not in self._writers:
            self._writers[key] = asyncio.create_task(self._drain(key), name="group commit")
        try:
            return await asyncio.wait_for(asyncio.shield(waiting.done), WAIT_S)
        except TimeoutError:
            raise Unavailable from None

    @property
    def queued(self) -> int:
        """How many wait for a batch."""
        return sum(map(len, self._queues.values()))

    async def close(self) -> None:
        """Wait until everything queued is stored or refused."""
        await asyncio.gather(*self._writers.values())

    async def _drain(self, key: Hashable) -> None:
        queue = self._queues[key]
        while queue:
            batch = [queue.popleft() for _ in range(min(len(queue), self._max_batch))]
            self.sizes.observe(len(batch))
            for waiting, outcome in zip(batch, await self._accept([w.item for w in batch]), strict=True):
                _settle(waiting.done, outcome)
        del self._queues[key], self._writers[key]

    async def _accept(self, items: list[T]) -> list[R | Exception]:
        try:
            return await self.store(items)
        except PolluxError as error:
            return [error] * len(items)
        except RowRefused as error:
            if len(items) == 1:
                return [error]
            log.warning("a batch of %d holds a row that is refused (%s); trying its halves", len(items), error)
            half = len(items) // 2
            return await self._accept(items[:half]) + await self._accept(items[half:])
        except Exception:  # whatever it is, every waiting caller must be told, and the queue go on
            log.exception("a batch of %d ended in a way that says nothing of what was stored", len(items))
            return [Unavailable()] * len(items)


def _settle(done: asyncio.Future[R], outcome: R | Exception) -> None:
    if isinstance(outcome, Exception):
        done.set_exception(outcome)
        done.exception()  # a caller that went away is no "exception was never retrieved"
    else:
        done.set_result(outcome)
