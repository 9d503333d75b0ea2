"""Requests read before: the same bytes mean the same operation, so they are read, validated and planned once.

Rule: what is remembered depends on nothing but the bytes, the documents and the schema; who asks is never part of it.
"""

from collections.abc import Generator, Hashable, Mapping
from dataclasses import dataclass

import orjson
from blake3 import blake3
from graphql import GraphQLError

from app.documents import Documents, Phase, bytes_of
from app.graphql_request import GraphQLRequest
from app.limits import Limits
from app.poll_tally import Tallies, Tally
from cache.lru import Memory, SecondSight, compact
from models.errors import ErrorCode, TooComplex
from realtime.latency import Latencies
from schema.build import PolluxSchema
from schema.operation import Document, Operation, check_cost, find_operation, prepare

# What an operation takes beside the variables it was read from, and its document, which many may share.
OVERHEAD_BYTES = 1000
SENT_ONCE = 40_000
_DIGEST_BYTES = 16


@dataclass(slots=True, eq=False)
class Prepared:
    """A request ready to execute.

    `key` is equal for requests that ask the same, None where that cannot be told. `sha256` is given where the document
    was asked for by its hash. `shows_cost` where the answer is to say what it cost. `tally` counts its answers.
    """

    operation: Operation
    key: Hashable
    sha256: str | None
    shows_cost: bool
    tally: Tally


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that GraphQL refuses before it executes: where it stopped, and what is wrong."""

    phase: Phase
    code: ErrorCode
    errors: list[GraphQLError]

    @classmethod
    def too_complex(cls, error: TooComplex) -> "Refused":
        """Return the refusal of a request that asks for too much."""
        return cls(Phase.COMPLEXITY, ErrorCode.QUERY_TOO_COMPLEX, [GraphQLError(str(error), original_error=error)])


class Requests:
    """Turns requests into operations, and remembers by their bytes those that it could."""

    def __init__(
        self, schema: PolluxSchema, documents: Documents, memory: Memory, limits: Limits, latencies: Latencies, *, planned: bool
    ) -> None:
        self._schema = schema
        self._documents = documents
        self._limits = limits
        self._planned = planned
        self._known = memory
        self._sent = SecondSight(SENT_ONCE)
        self.tallies = Tallies(latencies)

    def known(self, sent: bytes | str) -> Prepared | None:
        """Return what the same body, or query string, was before."""
        found: Prepared | None = self._known.get(_digest(sent))
        return found

    def has_read(self, text: str) -> bool:
        """Whether a document is remembered, so that it takes no time to read."""
        return self._documents.has(text)

    def prepare(self, sent: bytes | str, asked: GraphQLRequest, text: str) -> Generator[None, None, Prepared | Refused]:
        """Return a request ready to execute, `text` being its document, or why it cannot be; in steps, where the text is new."""
        name, given, max_cost = asked.operation_name, asked.variables, self._limits.max_cost

        def affordable(document: Document) -> None:
            check_cost(self._schema, document, name, given, max_cost=max_cost)

        try:
            check_size(given, self._limits.max_variables)
            reading = yield from self._documents.reading(text, affordable)
        except TooComplex as error:
            return Refused.too_complex(error)
        if reading.document is None:
            return Refused(reading.phase, _CODES[reading.phase], reading.errors)
        node = find_operation(reading.document, asked.operation_name)
        if node is None:
            wanted = f"named {asked.operation_name}" if asked.operation_name else "to run; name one with operationName"
            return Refused(Phase.VALIDATION, ErrorCode.BAD_REQUEST, [GraphQLError(f"There is no one operation {wanted}.")])
        try:
            operation = prepare(self._schema, reading.document, node, name, given, planned=self._planned, max_cost=max_cost)
        except TooComplex as error:
            return Refused.too_complex(error)
        if isinstance(operation, list):
            return Refused(Phase.VALIDATION, ErrorCode.BAD_USER_INPUT, operation)
        prepared = Prepared(operation, _key(operation, asked), asked.sha256, asked.shows_cost, self.tallies.of(node))
        if operation.is_query and reading.document.worth_planning:  # a mutation is hardly ever sent again
            digest = _digest(sent)
            if self._sent.seen_before(digest):
                # Of n requests with one document the last weighs an nth of it: together they weigh it once, or ten times where
                # they are many thousands.
                reading.document.requests += 1
                share = bytes_of(text) // reading.document.requests
                self._known.put(digest, prepared, share + 2 * max(0, len(sent) - len(text)) + OVERHEAD_BYTES)
        return prepared


_CODES = {
    Phase.PARSE: ErrorCode.GRAPHQL_PARSE_FAILED,
    Phase.COMPLEXITY: ErrorCode.QUERY_TOO_COMPLEX,
    Phase.VALIDATION: ErrorCode.GRAPHQL_VALIDATION_FAILED,
}


def check_size(variables: Mapping[str, object], most: int) -> None:
    """Raise TooComplex for variables that hold more than `most` items of lists and fields of objects."""
    count = 0
    waiting: list[object] = [variables]
    while waiting:
        one = waiting.pop()
        inside = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        count += len(inside)
        if count > most:
            raise TooComplex(f"The variables hold more than {most} values.")
        waiting += [value for value in inside if isinstance(value, dict | list)]


def _digest(sent: bytes | str) -> bytes:
    """Return what tells a request from all others: most of it is a document that others send too."""
    return blake3(sent if isinstance(sent, bytes) else b"?" + sent.encode(errors="surrogatepass")).digest(_DIGEST_BYTES)


def _key(operation: Operation, asked: GraphQLRequest) -> Hashable:
    try:
        variables = compact(orjson.dumps(operation.given, option=orjson.OPT_SORT_KEYS))
    except (orjson.JSONEncodeError, TypeError):
        return None  # such as a lone surrogate, which no JSON holds
    return operation.document, operation.name, variables, asked.shows_cost
