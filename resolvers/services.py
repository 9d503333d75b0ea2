"""The parts that operations work with, put together by app/wiring.py."""

from dataclasses import dataclass

from cache.changes import ChangedMessages
from cache.fragments import Fragments
from cache.lineage import Lineage
from cache.lru import Memory
from cache.metadata import MetadataCopies
from cache.presence import Presence
from cache.profiles import ProfileCopies
from cache.read_index import ReadIndex
from cache.recent import RecentMessages
from models.clock import Clock
from models.cursor import CursorCodec
from models.database import Database
from models.notify_queue import NotifyQueue
from models.send_queue import SendQueue
from realtime.pace import Pace
from realtime.wake import Wake


@dataclass(frozen=True, slots=True)
class Services:
    db: Database
    lineage: Lineage
    read_index: ReadIndex
    recent: RecentMessages
    changes: ChangedMessages
    memory: Memory
    fragments: Fragments
    metadata: MetadataCopies
    profiles: ProfileCopies
    presence: Presence
    wake: Wake
    sends: SendQueue
    notifications: NotifyQueue
    pace: Pace
    clock: Clock

    @property
    def cursors(self) -> CursorCodec:
        """The cursors of the present epoch."""
        return self.lineage.cursors
