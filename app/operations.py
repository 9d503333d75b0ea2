"""Operations over any connection: a request made ready, and its results one after another, encoded.

Rule: a subscription gives results until it is ended; everything else gives one. What fails is in a result, formatted
as every other error; only Stopped, by which the server ends a subscription, is raised.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, NamedTuple

import orjson
from graphql import ExecutionResult, GraphQLError, OperationType

from app.charges import Payer
from app.documents import Phase
from app.graphql_request import Malformed, parse_request
from app.limits import Limits
from app.persisted import DocumentRefused, PersistedDocuments
from app.requests import Prepared, Refused, Requests
from app.steps import at_once, one_by_one
from models.errors import ErrorCode
from resolvers.context import Context
from schema.build import PolluxSchema
from schema.errors import formatted, refusal
from schema.operation import events, run


class Rejected(NamedTuple):
    """A request that is not executed: its errors, as an answer shows them, and where it stopped."""

    phase: Phase
    errors: list[dict[str, Any]]


class Operations:
    """Reads requests and runs what they ask for."""

    def __init__(self, schema: PolluxSchema, requests: Requests, persisted: PersistedDocuments, limits: Limits) -> None:
        self._max_cost = limits.max_cost
        self._schema = schema
        self._requests = requests
        self._persisted = persisted
        self._reading = asyncio.Lock()

    def known(self, sent: bytes | str) -> Prepared | None:
        """Return what the same request was before, ready to execute."""
        found = self._requests.known(sent)
        if found is not None and found.sha256 is not None:
            self._persisted.used(found.sha256)
        return found

    async def prepared(self, sent: bytes | str, request_id: str, payer: Payer) -> Prepared | Rejected:
        """Return a request, the body or query string of one, ready to execute, or why it cannot be.

        Raises HttpRefusal, RateLimited.
        """
        known = self.known(sent)
        if known is not None:
            return known
        found = await self._prepare(sent, payer)
        if isinstance(found, Refused):
            return Rejected(found.phase, formatted(found.errors, code=found.code, request_id=request_id))
        if isinstance(found, DocumentRefused):
            return Rejected(found.phase, [refusal(found)])
        return found

    async def executed(self, prepared: Prepared, context: Context) -> ExecutionResult:
        """Execute a query or a mutation."""
        running = run(self._schema, prepared.operation, context)
        # A client that goes away takes its query along; what changes something is brought to its end.
        return await (running if prepared.operation.is_query else asyncio.shield(asyncio.ensure_future(running)))

    async def results(self, prepared: Prepared, context: Context, request_id: str, payer: Payer) -> AsyncGenerator[bytes, None]:
        """Yield results as JSON, which were paid for. Raises Stopped."""
        started_s = time.perf_counter()
        if prepared.operation.node.operation is not OperationType.SUBSCRIPTION:
            result = await self.executed(prepared, context)
            prepared.tally.answered(context.depends.level, context.depends, started_s)
            body = orjson.dumps(self.answer_of(prepared, result, request_id))
            payer.answered(len(body))
            yield body
            return
        async with aclosing(events(self._schema, prepared.operation, context)) as results:
            async for result in results:
                prepared.tally.pushed(context.depends.level, context.depends)
                yield orjson.dumps(self.answer_of(prepared, result, request_id))

    def answer_of(self, prepared: Prepared, result: ExecutionResult, request_id: str) -> dict[str, Any]:
        """Return a result as an answer shows it, with its cost where the client asked for that."""
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            # What graphql-core itself finds while it executes is an argument: null, by a variable, where none may be.
            answer = {"errors": formatted(result.errors, code=ErrorCode.BAD_USER_INPUT, request_id=request_id), **answer}
        if prepared.shows_cost:
            answer["extensions"] = {"cost": {"requested": prepared.operation.price.cost, "limit": self._max_cost}}
        return answer

    async def _prepare(self, sent: bytes | str, payer: Payer) -> Prepared | Refused | DocumentRefused:
        await payer.unseen(sent)
        try:
            asked = parse_request(sent)
            text = await self._persisted.text_of(asked)
        except Malformed as error:
            return Refused(Phase.MALFORMED, ErrorCode.BAD_REQUEST, [GraphQLError(str(error))])
        except DocumentRefused as error:
            return error
        steps = self._requests.prepare(sent, asked, text)
        if self._requests.has_read(text):
            found = at_once(steps)
        else:
            await payer.unread(text)
            # New documents take milliseconds: one at a time, in steps, and everything else that is due between two of them.
            async with self._reading:
                await asyncio.sleep(0)
                found = await one_by_one(steps)
        if isinstance(found, Prepared):
            self._persisted.keep(asked)
        return found
