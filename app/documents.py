"""Documents: parsed and validated once, and remembered.

Rule: what is remembered is bounded in number and in size, and depends on nothing but the text and the schema. A text
is measured before it is parsed, and its shape before it is validated, so that no text takes long.
"""

from dataclasses import dataclass
from enum import Enum

from graphql import (
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    parse,
    specified_rules,
    validate,
)

from app.document_shape import check_length, check_shape
from app.limits import Limits
from cache.lru import Lru, SecondSight
from models.errors import TooComplex
from schema.operation import Document

# In characters, all texts together; what is made of a text takes some hundred times its length.
MAX_REMEMBERED = 128 * 1024
LONGEST_REMEMBERED = 32 * 1024
MAX_READ_ONCE = 2000
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


@dataclass(frozen=True, slots=True)
class Reading:
    """A valid document, or the errors of the phase that refused it."""

    document: Document | None
    errors: list[GraphQLError]
    phase: Phase


class Documents:
    """Reads query texts against one schema."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, *, introspection: bool) -> None:
        self._schema = schema
        self._limits = limits
        self._suggests = introspection
        self._rules = specified_rules if introspection else (*specified_rules, NoSchemaIntrospectionCustomRule)
        self._known: Lru[str, Reading] = Lru(MAX_REMEMBERED)
        self._read_before = SecondSight(MAX_READ_ONCE)

    def has(self, text: str) -> bool:
        """Whether a text is remembered."""
        return self._known.get(text) is not None

    def read(self, text: str) -> Reading:
        """Return the document of a text."""
        known = self._known.get(text)
        if known is None:
            try:
                known = self._read(text)
            except RecursionError:
                # How deep is too deep depends on the caller's stack too, so this is not remembered.
                return Reading(None, [GraphQLError("The document is nested too deep.")], Phase.PARSE)
            # A text sent once, such as one with its values written into it, would only displace those of clients.
            if len(text) <= LONGEST_REMEMBERED and self._read_before.seen_before(text):
                if known.document is not None:
                    known.document.worth_planning = True
                self._known.put(text, known, len(text))
        return known

    def _read(self, text: str) -> Reading:
        try:
            check_length(text, self._limits)
            node = parse(text, max_tokens=self._limits.max_tokens, allow_empty_selection_sets=False)
            check_shape(node, self._limits)
        except GraphQLError as error:
            return Reading(None, [error], Phase.PARSE)
        except TooComplex as error:
            return Reading(None, [GraphQLError(str(error), original_error=error)], Phase.COMPLEXITY)
        errors = validate(self._schema, node, self._rules, MAX_ERRORS, hide_suggestions=not self._suggests)
        return Reading(None, errors, Phase.VALIDATION) if errors else Reading(Document.of(node), [], Phase.EXECUTED)
