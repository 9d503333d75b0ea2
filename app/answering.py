"""Answering: one request, whose head was read by whomever, becomes one reply.

Rule: the identity is known before anything of the operation is; every reply is JSON, and nothing internal shows.
A poll that was asked before is answered in four steps: whose token, which operation, which kept answer, does it hold.
"""

import asyncio
import logging
from collections.abc import Hashable, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from app.admission import admit, note_told
from app.charges import POLL, Charges, Payer, Sender
from app.event_stream import is_streamed
from app.graphql_request import JSON
from app.identity import Known, Viewers
from app.kept_polls import KeptPolls, key_of
from app.known_heads import Head, KnownHeads
from app.operations import Operations, Rejected
from app.refusal import HttpRefusal
from app.replies import Asking, Replies
from app.requests import Prepared, Requests
from app.responses import QuickResponse
from app.statuses import PARTIAL_STATUS, STATUS
from cache.answers import Answer, Answers
from models.errors import PolluxError, RateLimited, Unauthenticated, Unavailable
from models.read_watch import watch
from realtime.pacing import ClientActivity, Interval
from realtime.shedding import Shedding
from resolvers.context import Context
from resolvers.polling import general_interval, show_general_interval
from resolvers.presence import seen_until_next
from resolvers.services import Services
from schema.errors import refusal

log = logging.getLogger("pollux.http")


class Answering:
    """Answers requests. `answers` is None where nothing is kept; then `polls` is too."""

    def __init__(
        self,
        services: Services,
        viewers: Viewers,
        requests: Requests,
        operations: Operations,
        answers: Answers | None,
        charges: Charges,
        shedding: Shedding,
        replies: Replies,
    ) -> None:
        self._services = services
        self._viewers = viewers
        self._tallies = requests.tallies
        self._operations = operations
        self._answers = answers
        self._charges = charges
        self._shedding = shedding
        self._replies = replies
        self.heads = KnownHeads()
        # From when on every reply is its connection's last.
        self.closed = False
        self.polls: KeptPolls | None = None
        if answers is not None:
            self.polls = KeptPolls(viewers, operations, answers, charges, services.presence, shedding, replies)

    async def respond(self, head: Head, body: bytes, sender: Sender, asking: Asking) -> QuickResponse:
        """Return the reply to a request with a known head."""
        try:
            known = await self.identified(asking, sender, head.authorization.text, head.activity)
            prepared = await self.prepared(asking, body)
            if isinstance(prepared, Rejected):
                return self.rejected(asking, prepared, head.activity)
            is_streamed(prepared, asking.accepted, safe=False)
            return await self.answered(asking, known, head.activity, prepared)
        except Exception as error:  # noqa: BLE001  # where failures end, as in the view
            return self.failed(asking, error)

    async def identified(self, asking: Asking, sender: Sender, authorization: str, activity: ClientActivity) -> Known:
        """Return who asks, who is charged for a poll and seen. Raises Unauthenticated, RateLimited, Unavailable."""
        known = self._viewers.known(authorization) or await self._charges.authorized(sender, self._viewers, authorization)
        asking.payer = payer = Payer(self._charges, sender, known.viewer)
        if not payer.polls():
            await payer.spend(POLL)
        if activity is not ClientActivity.BACKGROUND:
            self._services.presence.seen(known.viewer.user_id)
        return known

    async def prepared(self, asking: Asking, sent: bytes | str) -> Prepared | Rejected:
        """Return what is asked for, ready to execute, or why it cannot be. Raises HttpRefusal, RateLimited."""
        assert asking.payer is not None
        return await self._operations.prepared(sent, asking.request_id, asking.payer)

    async def answered(self, asking: Asking, known: Known, activity: ClientActivity, prepared: Prepared) -> QuickResponse:
        """Return the reply to an operation, from what is kept or executed."""
        assert asking.payer is not None
        key, present = key_of(prepared, known, activity), None
        if key is not None and self.polls is not None:
            kept, present = await self.polls.look(asking, key, known)
            if kept is not None and present is not None and present.holds:
                return self.polls.reply(asking, kept, known, prepared)
        admit(self._shedding, known.viewer.user_id, prepared)
        await asking.payer.operation(prepared.operation)
        context = Context(self._services, known.viewer, activity)
        if present is not None:
            context.started_from(present.heads, present.inbox)
        response = await self._executed(asking, prepared, context, known, key, asking.payer)
        # All that is executed in this turn of the loop is sent in the next: one after another they wake a client once, where each
        # alone would wake it anew, which takes a tenth of a page.
        await asyncio.sleep(0)
        return response

    async def _executed(
        self, asking: Asking, prepared: Prepared, context: Context, known: Known, key: Hashable, payer: Payer
    ) -> QuickResponse:
        operation = prepared.operation
        if operation.is_query:
            watch(context.undeclared)
        result = await self._operations.executed(prepared, context)
        if result.errors:
            answer = self._operations.answer_of(prepared, result, asking.request_id)
            status = PARTIAL_STATUS[asking.accepted.media_type]
            return self._errors(asking, status, answer, context.activity, context.intervals)
        body = orjson.dumps(self._operations.answer_of(prepared, result, asking.request_id))
        payer.answered(len(body))
        if not context.intervals:
            show_general_interval(context)
        shared = operation.plan is not None and operation.plan.shared
        interval = self.interval(context.activity, context.intervals)
        sent = partial(self._services.pace.fleet.polled, interval.counted)
        done = Answer(body, context.depends, shared, interval.milliseconds, sent)
        tally = self._tallies.held(prepared.tally) if context.depends.held else prepared.tally
        if not operation.is_query:
            asking.answered(tally, context.depends.level, context.depends)
            return self._replies.to_mutation(asking, done)
        done.sent()
        if self._shedding.watching:
            note_told(self._shedding, known.viewer.user_id, prepared, interval.milliseconds)
        seen_until_next(context, interval.milliseconds)
        if self._answers is not None and key is not None:
            self._answers.keep(key, done)
        response = self._replies.to(asking, done, known.tag, context.depends.level)
        asking.answered(tally, context.depends.level, context.depends)
        return response

    def interval(self, activity: ClientActivity, intervals: Sequence[Interval]) -> Interval:
        """Return the smallest of the intervals that an answer holds, or the general one."""
        if len(intervals) == 1:
            return intervals[0]
        return min(intervals or [general_interval(self._services, activity)], key=lambda one: one.milliseconds)

    def rejected(self, asking: Asking, rejected: Rejected, activity: ClientActivity) -> QuickResponse:
        """Return the reply to what is not executed."""
        status = STATUS[rejected.phase][asking.accepted.media_type]
        return self._errors(asking, status, {"errors": rejected.errors}, activity)

    def failed(self, asking: Asking, error: Exception) -> QuickResponse:
        """Return the reply where something failed; the only place where a failure of any kind ends."""
        if isinstance(error, HttpRefusal):
            return self._refused(asking, error.status, error, error.headers)
        if isinstance(error, Unauthenticated):
            return self._refused(asking, 401, error, {"WWW-Authenticate": "Bearer"})
        if isinstance(error, RateLimited | Unavailable):
            retry = {"Retry-After": str(-(-error.retry_after_ms // 1000))}
            interval = {"X-Poll-Interval": f"{general_interval(self._services).milliseconds / 1000:g}"}
            return self._refused(asking, 429 if isinstance(error, RateLimited) else 503, error, {**retry, **interval})
        log.error("request %s failed", asking.request_id, exc_info=error)
        return self._refused(asking, 500, PolluxError("Something went wrong on the server."), {})

    def _errors(
        self, asking: Asking, status: int, answer: dict[str, Any], activity: ClientActivity, intervals: Sequence[Interval] = ()
    ) -> QuickResponse:
        interval = {"X-Poll-Interval": f"{self.interval(activity, intervals).milliseconds / 1000:g}"}
        return self._replies.unkept(asking, status, asking.accepted.media_type, answer, interval)

    def _refused(self, asking: Asking, status: int, error: PolluxError, headers: Mapping[str, str]) -> QuickResponse:
        return self._replies.unkept(asking, status, JSON, {"errors": [refusal(error)]}, headers)
