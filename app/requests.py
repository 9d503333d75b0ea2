"""Requests read before: the same bytes mean the same operation, so they are read, validated and planned once.

Rule: what is remembered depends on nothing but the bytes, the documents and the schema; who asks is never part of it.
"""

from collections.abc import Hashable
from dataclasses import dataclass

import orjson
from graphql import GraphQLError

from app.documents import Documents, Phase
from app.graphql_request import GraphQLRequest
from cache.lru import Memory, SecondSight, compact
from models.errors import ErrorCode
from schema.build import PolluxSchema
from schema.operation import Operation, find_operation, prepare

# What an operation takes beside the bytes it was read from and the variables in them.
OVERHEAD_BYTES = 1000
MAX_SENT_ONCE = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A request ready to execute.

    `key` is equal for requests that ask the same, None where that cannot be told. `sha256` is given where the document
    was asked for by its hash.
    """

    operation: Operation
    key: Hashable
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that GraphQL refuses before it executes: where it stopped, and what is wrong."""

    phase: Phase
    code: ErrorCode
    errors: list[GraphQLError]


class Requests:
    """Turns requests into operations, and remembers by their bytes those that it could."""

    def __init__(self, schema: PolluxSchema, documents: Documents, memory: Memory, *, planned: bool) -> None:
        self._schema = schema
        self._documents = documents
        self._planned = planned
        self._known = memory
        self._sent = SecondSight(MAX_SENT_ONCE)

    def known(self, sent: bytes | str) -> Prepared | None:
        """Return what the same body, or query string, was before."""
        found: Prepared | None = self._known.get(sent)
        return found

    def prepare(self, sent: bytes | str, asked: GraphQLRequest, text: str) -> Prepared | Refused:
        """Return a request ready to execute, `text` being its document, or why it cannot be."""
        reading = self._documents.read(text)
        if reading.document is None:
            parsing = reading.phase is Phase.PARSE
            code = ErrorCode.GRAPHQL_PARSE_FAILED if parsing else ErrorCode.GRAPHQL_VALIDATION_FAILED
            return Refused(reading.phase, code, reading.errors)
        node = find_operation(reading.document, asked.operation_name)
        if node is None:
            wanted = f"named {asked.operation_name}" if asked.operation_name else "to run; name one with operationName"
            error = GraphQLError(f"There is no one operation {wanted}.")
            return Refused(Phase.VALIDATION, ErrorCode.BAD_REQUEST, [error])
        name, given = asked.operation_name, asked.variables
        operation = prepare(self._schema, reading.document, node, name, given, planned=self._planned)
        if isinstance(operation, list):
            return Refused(Phase.VALIDATION, ErrorCode.BAD_USER_INPUT, operation)
        prepared = Prepared(operation, _key(operation), asked.sha256)
        if (
            operation.is_query and reading.document.worth_planning and self._sent.seen_before(sent)
        ):  # a mutation is hardly ever sent again
            self._known.put(sent, prepared, 2 * len(sent) + OVERHEAD_BYTES)
        return prepared


def _key(operation: Operation) -> Hashable:
    try:
        given = compact(orjson.dumps(operation.given, option=orjson.OPT_SORT_KEYS))
    except (orjson.JSONEncodeError, TypeError):
        return None  # such as a lone surrogate, which no JSON holds
    return operation.document, operation.name, given
