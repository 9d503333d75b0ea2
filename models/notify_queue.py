"""The notifications that back ends create in one process, stored in batches by recipient."""

from dataclasses import dataclass

from models.clock import Clock
from models.database import Database
from models.group_commit import GroupCommit
from models.notification import NewNotification, NotificationRecord, create_notifications


@dataclass(frozen=True, slots=True)
class Notify:
    """A notification for the user with the hash `uid`, seen before or not."""

    uid: str
    new: NewNotification


class NotifyQueue(GroupCommit[Notify, NotificationRecord]):
    """Accepts notifications."""

    def __init__(self, db: Database, clock: Clock) -> None:
        super().__init__()
        self._db = db
        self._clock = clock

    def key(self, item: Notify) -> str:
        return item.uid

    async def store(self, items: list[Notify]) -> list[NotificationRecord | Exception]:
        return [*await create_notifications(self._db, items[0].uid, [item.new for item in items], self._clock())]

    async def notify(self, uid: str, new: NewNotification) -> NotificationRecord:
        """Return the notification, committed, or the one its dedupe key made before. Raises Unavailable."""
        return await self.submit(Notify(uid, new))
