"""Changed messages: what happened in channels between two events, read once for all who lack the same.

Rule: the key of a read holds the last event it goes up to, of a head read before; so who shares one gets messages at
least as new as their own head says. What is remembered of a channel is used only at the very event that it reaches to.
"""

from typing import NamedTuple

from cache.flights import SingleFlight
from cache.lineage import Lineage
from cache.lru import Lru
from models.database import Database
from models.sync import NO_CEILING, Backlog, ChangedMessage, changed_messages

# Of all reads together: messages of the last moments, for everybody who is woken by them; some 2,000 short ones.
MAX_BYTES = 1 << 20
# A read that found nothing is kept somewhere too.
_OVERHEAD_BYTES = 500
# What a channel's run may hold: who polls is behind by a few.
LONGEST_RUN = 32


class _Lacking(NamedTuple):
    epoch_hex: str
    backlogs: tuple[Backlog, ...]
    limit: int


class _Run(NamedTuple):
    """All that events in (after, upto] did to messages of a channel, each message once, by its last change.

    None of them is older than event `upto`.
    """

    after: int
    upto: int
    found: list[ChangedMessage]

    def extended(self, further: list[ChangedMessage], upto: int) -> "_Run":
        """Return the run with all that events up to `upto` did further; of long ones, the newest part."""
        again = {one.message.seq for one in further}
        found = [one for one in self.found if one.message.seq not in again] + further
        after = self.after if len(found) <= LONGEST_RUN else found[-LONGEST_RUN - 1].change
        return _Run(after, upto, found[-LONGEST_RUN:])


class _Further(NamedTuple):
    """What a channel's run lacks up to an event."""

    epoch_hex: str
    channel_id: int
    after: int
    upto: int


class ChangedMessages:
    """Reads what clients lack; those who are woken by one message mostly lack the same, those who poll the end of the same."""

    def __init__(self, db: Database, lineage: Lineage) -> None:
        self._db = db
        self._read_before: Lru[_Lacking, list[ChangedMessage]] = Lru(MAX_BYTES)
        self._runs: Lru[tuple[str, int], _Run] = Lru(MAX_BYTES)
        lineage.on_change(self._read_before.clear)
        lineage.on_change(self._runs.clear)
        self._reads: SingleFlight[_Lacking, list[ChangedMessage]] = SingleFlight(self._read)
        self._extensions: SingleFlight[_Further, _Run | None] = SingleFlight(self._extend)

    async def get(self, epoch_hex: str, backlogs: tuple[Backlog, ...], *, limit: int) -> list[ChangedMessage]:
        """Return what `models.sync.changed_messages` does, for heads of this epoch. Raises Unavailable."""
        if len(backlogs) == 1 and backlogs[0].ceiling >= NO_CEILING:
            found = await self._of_run(epoch_hex, backlogs[0])
            if found is not None:
                return found[:limit]
        lacking = _Lacking(epoch_hex, backlogs, limit)
        known = self._read_before.get(lacking)
        return known if known is not None else await self._reads.get(lacking)

    async def _of_run(self, epoch_hex: str, backlog: Backlog) -> list[ChangedMessage] | None:
        """Return all that a client lacks of one channel, None where the run does not begin early enough or is beyond.

        A run beyond tells nothing of what a message was in before its last change, so who is at an earlier head reads by itself.
        """
        channel_id, after, upto, _ = backlog
        run = self._runs.get((epoch_hex, channel_id))
        if run is None or run.after > after or run.upto < upto:
            begin = run.upto if run is not None and run.after <= after else after
            run = await self._extensions.get(_Further(epoch_hex, channel_id, begin, upto))
        if run is None or run.after > after or run.upto != upto:
            return None
        return [one for one in run.found if one.change > after]

    async def _extend(self, further: _Further) -> _Run | None:
        """Return the run up to an event, begun or continued, None where that is more than one holds."""
        epoch_hex, channel_id, after, upto = further
        found = await changed_messages(self._db, (Backlog(channel_id, after, upto, NO_CEILING),), limit=LONGEST_RUN + 1)
        if len(found) > LONGEST_RUN:
            return None
        before = self._runs.get((epoch_hex, channel_id))
        run = before.extended(found, upto) if before is not None and before.upto == after else _Run(after, upto, found)
        if before is None or before.upto <= upto:
            self._runs.put((epoch_hex, channel_id), run, _size(run.found))
        return run

    async def _read(self, lacking: _Lacking) -> list[ChangedMessage]:
        found = await changed_messages(self._db, lacking.backlogs, limit=lacking.limit)
        self._read_before.put(lacking, found, _size(found))
        return found


def _size(found: list[ChangedMessage]) -> int:
    return _OVERHEAD_BYTES + sum(one.message.size for one in found)
