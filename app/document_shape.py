"""The shape of a document, measured before it is validated: one walk that ends at the first limit it meets.

Rule: the walk takes time in proportion to the limits, whatever the document; what passes it can be validated in
milliseconds. Fragments are counted in each of their places, since that is where validating and executing meet them.
"""

import re
from collections.abc import Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from app.limits import Limits
from models.errors import TooComplex

# Validation compares every two fields of one response name, and every two fragments of one place, with each other.
MAX_COMPARED = 2000
# Two are known, @include and @skip.
MAX_DIRECTIVES_IN_A_PLACE = 4
# The longest list of the schema has six.
MAX_ARGUMENTS_IN_A_PLACE = 30
# A page of components, each with a fragment of its own, has some ten in a place.
MAX_FRAGMENTS_IN_A_PLACE = 30
# Operations and fragments.
MAX_DEFINITIONS = 100

# Every alternative ends where the text does, so that nothing is looked at twice; what is no token counts as one.
_TOKEN = re.compile(
    r'"""(?:[^"\\]++|\\"""|\\|"(?!""))*+(?:"""|\Z)'
    r'|"(?:[^"\\\n\r]++|\\.)*+"?'
    r"|(?:#[^\n\r]*+|[\s,\ufeff]++)++"
    r"|-?[0-9][\w.+-]*+|\w++|\.\.\.|.",
    re.DOTALL,
)
_IGNORED = re.compile(r"[#\s,\ufeff]")


def check_length(text: str, limits: Limits) -> None:
    """Raise TooComplex for a text with more characters or tokens than are read."""
    if len(text) > limits.max_document:
        raise TooComplex(f"The document is longer than {limits.max_document} characters.")
    # A token is a character at least, so most texts need not be looked at.
    if len(text) > limits.max_tokens and tokens_in(text, limits.max_tokens + 1) > limits.max_tokens:
        raise TooComplex(f"The document has more than {limits.max_tokens} tokens.")


def tokens_in(text: str, most: int) -> int:
    """Return how many tokens a text has, or `most` where it has more."""
    count = 0
    for match in _TOKEN.finditer(text):
        if not _IGNORED.match(text, match.start()):
            count += 1
            if count == most:
                break
    return count


def check_shape(document: DocumentNode, limits: Limits) -> None:
    """Raise TooComplex for a document that goes beyond a limit."""
    _Walk(document, limits).check()


class _Walk:
    def __init__(self, document: DocumentNode, limits: Limits) -> None:
        self._document = document
        self._limits = limits
        self._fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        self._reached: set[str] = set()
        self._fields = self._aliases = self._directives = self._compared = 0

    def check(self) -> None:
        if len(self._document.definitions) > MAX_DEFINITIONS:
            raise TooComplex(f"The document has more than {MAX_DEFINITIONS} operations and fragments.")
        for definition in self._document.definitions:
            if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode):
                self._count_directives(definition)
                for variable in definition.variable_definitions or ():
                    self._count_directives(variable)
        operations = [one for one in self._document.definitions if isinstance(one, OperationDefinitionNode)]
        for operation in operations:
            self._place([operation.selection_set], 1)
        for name, fragment in self._fragments.items():
            if name not in self._reached:  # validation looks at these too
                self._reached.add(name)
                self._place([fragment.selection_set], 1)

    def _place(self, sets: Sequence[SelectionSetNode], depth: int) -> None:
        """Measure what stands in one place of the answer, and what stands below it."""
        if depth > self._limits.max_depth:
            raise TooComplex(f"The document is nested deeper than {self._limits.max_depth} fields.")
        below: dict[str, list[SelectionSetNode | None]] = {}
        spread: set[str] = set()
        waiting = list(sets)
        while waiting:
            for selection in waiting.pop().selections:
                self._count_directives(selection)
                self._count_field()
                if isinstance(selection, FieldNode):
                    self._count_names(selection)
                    name = (selection.alias or selection.name).value
                    below.setdefault(name, []).append(selection.selection_set)
                elif isinstance(selection, FragmentSpreadNode):
                    fragment = self._fragments.get(selection.name.value)
                    if fragment is not None and selection.name.value not in spread:
                        spread.add(selection.name.value)
                        waiting.append(fragment.selection_set)
                elif isinstance(selection, InlineFragmentNode):
                    waiting.append(selection.selection_set)
            if len(spread) > MAX_FRAGMENTS_IN_A_PLACE:
                raise TooComplex(f"The document spreads more than {MAX_FRAGMENTS_IN_A_PLACE} fragments in one place.")
        self._reached |= spread
        self._count_compared(len(spread))
        for nodes in below.values():
            self._count_compared(len(nodes))
            nested = [one for one in nodes if one is not None]
            if nested:
                self._place(nested, depth + 1)

    def _count_field(self) -> None:
        self._fields += 1
        if self._fields > self._limits.max_fields:
            raise TooComplex(
                f"The document selects more than {self._limits.max_fields} fields, counted wherever fragments are used."
            )

    def _count_names(self, field: FieldNode) -> None:
        if len(field.arguments or ()) > MAX_ARGUMENTS_IN_A_PLACE:
            raise TooComplex(f"The document gives a field more than {MAX_ARGUMENTS_IN_A_PLACE} arguments.")
        self._aliases += field.alias is not None
        if self._aliases > self._limits.max_aliases:
            raise TooComplex(f"The document has more than {self._limits.max_aliases} aliases, counted wherever fragments are used.")

    def _count_directives(self, node: object) -> None:
        count = len(getattr(node, "directives", None) or ())
        self._directives += count
        if count > MAX_DIRECTIVES_IN_A_PLACE or self._directives > self._limits.max_directives:
            raise TooComplex(
                f"The document has more than {self._limits.max_directives} directives,"
                f" or more than {MAX_DIRECTIVES_IN_A_PLACE} in one place."
            )

    def _count_compared(self, count: int) -> None:
        self._compared += count * (count - 1) // 2
        if self._compared > MAX_COMPARED:
            raise TooComplex("The document selects the same name, or spreads fragments in one place, too often.")
