"""Documents: parsed and validated once, and remembered.

Rule: what is remembered is bounded in number and in size, and depends on nothing but the text and the schema. A text
is measured before it is parsed, its shape and its price before it is validated, so that no text takes long; a new one is
read in steps, between which others have their turn.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum

from graphql import DocumentNode, GraphQLError, GraphQLSchema, NoSchemaIntrospectionCustomRule, parse, specified_rules

from app.document_shape import check_length, check_shape
from app.limits import Limits
from app.steps import at_once
from app.validation import Validation
from cache.lru import Lru, SecondSight
from models.errors import TooComplex
from schema.operation import Document

# What is made of all texts together.
MAX_BYTES = 8 << 20
# What is made of a text: nodes, prices and a plan.
OVERHEAD_BYTES = 3_000
BYTES_PER_CHARACTER = 150
LONGEST_REMEMBERED = 32 * 1024
READ_ONCE = 4_000
# The first ones tell what is wrong.
MAX_ERRORS = 5


class Phase(Enum):
    """Where an operation stopped."""

    MALFORMED = "malformed"
    PARSE = "parse"
    COMPLEXITY = "complexity"
    UNKNOWN = "unknown"  # nobody knows a document by the identifier given
    VALIDATION = "validation"
    EXECUTED = "executed"


@dataclass(slots=True, eq=False)
class Reading:
    """A document, or the errors of the phase that refused it."""

    document: Document | None
    errors: list[GraphQLError]
    phase: Phase

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to be done: what may cost too much is not validated until it is asked for less."""
        return self.document is None or self.phase is Phase.EXECUTED


class Documents:
    """Reads query texts against one schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> None:
        self._limits = limits
        rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._validation = Validation(schema, rules, max_errors=MAX_ERRORS, suggests=introspection)
        self._known: Lru[str, Reading] = Lru(MAX_BYTES)
        self._read_before = SecondSight(READ_ONCE)

    def has(self, text: str) -> bool:
        """Whether a text is remembered, and what is to be known of it."""
        known = self._known.get(text)
        return known is not None and known.is_whole

    def read(self, text: str) -> Reading:
        """Return the document of a text, at once."""
        return at_once(self.reading(text, lambda _: None))

    def reading(self, text: str, check_cost: Callable[[Document], None]) -> Generator[None, None, Reading]:
        """Return the document of a text; each `yield` is a place to let others go on.

        `check_cost` is called before the document is validated. Raises what it raises.
        """
        known = self._known.get(text)
        try:
            if known is None:
                known = yield from self._parsed(text)
                # A text sent once, such as one with its values written into it, would only displace those of clients.
                if len(text) <= LONGEST_REMEMBERED and self._read_before.seen_before(text):
                    if known.document is not None:
                        known.document.worth_planning = True
                    self._known.put(text, known, bytes_of(text))
                yield
            if known.document is not None and not known.is_whole:
                check_cost(known.document)
                yield
                yield from self._validate(known, known.document)
        except RecursionError:
            # How deep is too deep depends on the caller's stack too, so this is not remembered.
            self._known.forget(text)
            return Reading(None, [GraphQLError("The document is nested too deep.")], Phase.PARSE)
        return known

    def _parsed(self, text: str) -> Generator[None, None, Reading]:
        try:
            check_length(text, self._limits)
            node = parse(text, max_tokens=self._limits.max_tokens, allow_empty_selection_sets=False)
            _unlink(node)
            yield
            check_shape(node, self._limits)
        except GraphQLError as error:
            return Reading(None, [error], Phase.PARSE)
        except TooComplex as error:
            return Reading(None, [GraphQLError(str(error), original_error=error)], Phase.COMPLEXITY)
        return Reading(Document.of(node), [], Phase.VALIDATION)

    def _validate(self, reading: Reading, document: Document) -> Generator[None, None, None]:
        """Note in a reading whether its document fits the schema."""
        errors = yield from self._validation.errors_of(document.node)
        if errors:
            reading.document, reading.errors = None, errors
        else:
            reading.phase = Phase.EXECUTED


def bytes_of(text: str) -> int:
    """Return about how many bytes what is made of a text takes, with the text."""
    return OVERHEAD_BYTES + BYTES_PER_CHARACTER * len(text)


def _unlink(node: DocumentNode) -> None:
    """Let the tokens of a document go with it: linked both ways, they would wait for the cycle collector.

    Which would find some ten thousand of them at once, and hold everybody up for 15 ms.
    """
    token = node.loc.start_token if node.loc is not None else None
    while token is not None:
        token.prev = None
        token = token.next
