"""Lineage: which history of the database this process speaks of.

Rule: every head carries the database's epoch. When it is another than the one known here, the database was restored,
failed over behind what was acknowledged, or rewound: every copy is forgotten and every cursor of the old epoch says
`reset` before the head is used. What a head or a cursor proves to be a rewind ends the epoch itself.
"""

import asyncio
import logging
from collections.abc import Callable

from models.cursor import CursorCodec
from models.database import Database
from models.identity import bump_epoch, cursor_codec
from models.read_watch import declared

log = logging.getLogger("pollux.lineage")

# Raised with every change of what is written to Redis, so that old and new processes can share one.
FORMAT = 3


class Lineage:
    """The present epoch, its cursors, and who must forget when it ends."""

    def __init__(self, db: Database, cursors: CursorCodec) -> None:
        self._db = db
        self._lock = asyncio.Lock()
        self._forget: list[Callable[[], None]] = []
        self.cursors = cursors

    @property
    def epoch_hex(self) -> str:
        return self.cursors.epoch_hex

    @property
    def prefix(self) -> str:
        """What keys in Redis of the present epoch begin with."""
        return prefix_of(self.epoch_hex)

    def on_change(self, forget: Callable[[], None]) -> None:
        """Call `forget` whenever the epoch changes."""
        self._forget.append(forget)

    async def follow(self, epoch_hex: str) -> None:
        """Adopt the epoch that a head carries. Raises Unavailable."""
        if epoch_hex == self.epoch_hex:
            return
        async with self._lock:
            if epoch_hex == self.epoch_hex:
                return
            with declared():  # an epoch is everybody's, and what depends on it is a head's to say
                before, self.cursors = self.epoch_hex, await cursor_codec(self._db)
            for forget in self._forget:
                forget()
            log.error("the database's epoch changed from %s to %s; clients start again", before, self.epoch_hex)

    async def rewound(self, evidence: str) -> None:
        """End the epoch, because `evidence` shows that the database lost what it had acknowledged. Raises Unavailable."""
        log.error("the database went back: %s", evidence)
        await self.follow(await bump_epoch(self._db, expected=self.epoch_hex))


def prefix_of(epoch_hex: str) -> str:
    """Return what keys in Redis begin with: copies of another history, or in another form, have other keys."""
    return f"pollux:{FORMAT}:{epoch_hex}:"
