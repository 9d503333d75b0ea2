"""Polls whose answer is kept: what is looked at, in which order, and what is counted when one is answered again.

Rule: `end` gives back what `begin` took where the answer does not hold; the poll is then executed as if nobody had tried,
but for the heads just read. Freshness is that of `Answers`: nothing is served that ReadIndex does not prove.
"""

import asyncio
from collections.abc import Hashable
from typing import NamedTuple

from app.admission import note_told
from app.charges import POLL, Charges
from app.identity import Known, Viewers
from app.known_heads import Head
from app.operations import Operations
from app.replies import Asking, Replies, new_request_id
from app.requests import Prepared
from app.responses import QuickResponse
from cache.answers import Answer, Answers, Asked, Present
from cache.dependencies import Level
from cache.presence import Presence
from cache.rates import Meter
from realtime.pacing import ClientActivity
from realtime.shedding import Shedding


class Poll(NamedTuple):
    """A poll with a kept answer, which waits for the one thing, `coming`, that says whether it holds."""

    head: Head
    body: bytes
    asking: Asking
    known: Known
    prepared: Prepared
    kept: Answer
    asked: Asked
    coming: "asyncio.Future[object]"
    meter: Meter


class KeptPolls:
    """Answers polls from what is kept."""

    def __init__(
        self,
        viewers: Viewers,
        operations: Operations,
        answers: Answers,
        charges: Charges,
        presence: Presence,
        shedding: Shedding,
        replies: Replies,
    ) -> None:
        self._viewers = viewers
        self._operations = operations
        self._answers = answers
        self._charges = charges
        self._presence = presence
        self._shedding = shedding
        self._replies = replies

    def begin(self, head: Head, body: bytes) -> Poll | None:
        """Return a poll that may be answered from what is kept; None where it takes more to know that."""
        prepared = self._operations.known(body)
        known = self._viewers.still(head.authorization) if prepared is not None else None
        if known is None or prepared is None:
            return None
        viewer_id = known.viewer.user_id
        key = key_of(prepared, known, head.activity)
        kept = self._answers.get(key) if key is not None else None
        meter = self._charges.meter(viewer_id)
        if kept is None or len(kept.depends.heads) + (kept.depends.inbox is not None) != 1 or meter.left < POLL:
            return None
        meter.left -= POLL
        if head.activity is not ClientActivity.BACKGROUND:
            self._presence.seen(viewer_id)
        asked = self._answers.ask(kept, viewer_id)
        return Poll(head, body, Asking(head.headers, new_request_id()), known, prepared, kept, asked, asked.all[0], meter)

    def end(self, poll: Poll) -> QuickResponse | None:
        """Return the reply to a poll whose head is there; None where its answer does not hold, or nobody can tell."""
        try:
            present = self._answers.judge(poll.kept, poll.asked, poll.known.viewer.user_id)
            if present is not None and present.holds:
                return self.reply(poll.asking, poll.kept, poll.known, poll.prepared)
        except Exception:  # noqa: BLE001  # whoever executes it meets it again, and tells of it
            present = None
        if present is not None:
            poll.asking.looked = poll.kept, present
        poll.meter.left += POLL
        return None

    async def look(self, asking: Asking, key: Hashable, known: Known) -> tuple[Answer | None, Present | None]:
        """Return what is kept under a key, and what was read of whether it holds. Raises Unavailable."""
        kept = self._answers.get(key)
        if kept is None:
            return None, None
        if asking.looked is not None and asking.looked[0] is kept:
            return asking.looked
        return kept, await self._answers.check(kept, known.viewer.user_id)

    def reply(self, asking: Asking, kept: Answer, known: Known, prepared: Prepared) -> QuickResponse:
        """Return the reply to a poll whose kept answer holds."""
        kept.sent()
        if self._shedding.watching:
            note_told(self._shedding, known.viewer.user_id, prepared, kept.poll_interval_ms)
        response = self._replies.to(asking, kept, known.tag, Level.RESPONSE)
        asking.answered(prepared.tally, Level.RESPONSE, kept.depends)
        return response


def key_of(prepared: Prepared, known: Known, activity: ClientActivity) -> Hashable:
    """Return what an answer is kept under, None where it cannot be."""
    if prepared.key is None:
        return None
    plan = prepared.operation.plan
    return prepared.key, None if plan is not None and plan.shared else known.viewer, activity
