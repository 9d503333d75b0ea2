"""Changed messages: what happened in channels between two events, read once for all who lack the same.

Rule: the key of a read holds the last event it goes up to, of a head read before; so who shares one gets messages at
least as new as their own head says.
"""

from typing import NamedTuple

from cache.flights import SingleFlight
from cache.lineage import Lineage
from cache.lru import Lru
from models.database import Database
from models.sync import Backlog, ChangedMessage, changed_messages

# Messages of all reads together: those of the last moments, for everybody who is woken by them.
MAX_MESSAGES = 2_000


class _Lacking(NamedTuple):
    epoch_hex: str
    backlogs: tuple[Backlog, ...]
    limit: int


class ChangedMessages:
    """Reads what clients lack; those who are woken by one message mostly lack the same."""

    def __init__(self, db: Database, lineage: Lineage) -> None:
        self._db = db
        self._read_before: Lru[_Lacking, list[ChangedMessage]] = Lru(MAX_MESSAGES)
        lineage.on_change(self._read_before.clear)
        self._reads: SingleFlight[_Lacking, list[ChangedMessage]] = SingleFlight(self._read)

    async def get(self, epoch_hex: str, backlogs: tuple[Backlog, ...], *, limit: int) -> list[ChangedMessage]:
        """Return what `models.sync.changed_messages` does, for heads of this epoch. Raises Unavailable."""
        lacking = _Lacking(epoch_hex, backlogs, limit)
        found = self._read_before.get(lacking)
        return found if found is not None else await self._reads.get(lacking)

    async def _read(self, lacking: _Lacking) -> list[ChangedMessage]:
        found = await changed_messages(self._db, lacking.backlogs, limit=lacking.limit)
        self._read_before.put(lacking, found, max(1, len(found)))
        return found
