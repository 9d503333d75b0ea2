"""The sends of one process, stored in batches by channel."""

from models.clock import Clock
from models.database import Database
from models.group_commit import MAX_BATCH, GroupCommit
from models.message import MessageRecord
from models.send import accept_sends
from models.send_plan import Send


class SendQueue(GroupCommit[Send, MessageRecord]):
    """Accepts messages."""

    def __init__(self, db: Database, clock: Clock, *, max_batch: int = MAX_BATCH) -> None:
        super().__init__(max_batch=max_batch)
        self._db = db
        self._clock = clock

    def key(self, item: Send) -> int:
        return item.channel_id

    async def store(self, items: list[Send]) -> list[MessageRecord | Exception]:
        return await accept_sends(self._db, items, self._clock())

    async def send(self, send: Send) -> MessageRecord:
        """Return the accepted message, committed. Raises Mistake or NotFound where it is refused, Unavailable."""
        return await self.submit(send)
