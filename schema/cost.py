"""Cost: how many objects an operation may make the server look at, known before it is executed.

Rule: each object of the answer costs 1, a value nothing; a list costs its items times as many as there may be, by the
arguments of its page or by what is assumed here; what is more work than its answer shows has a weight. What a directive
leaves out is counted all the same, so the cost is at least that of every choice of variables for `@include` and `@skip`.
What the schema does not have costs nothing, so a document can be priced before it is validated; its shape must have been
checked, as a fragment is followed wherever it is spread.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
)

from resolvers.audit import DEFAULT_ENTRIES
from resolvers.channel import DEFAULT_CHANNELS, DEFAULT_SEARCH
from resolvers.member import DEFAULT_MEMBERS
from resolvers.message_page import DEFAULT_PAGE as DEFAULT_MESSAGES
from resolvers.message_search import DEFAULT_FOUND as DEFAULT_FOUND_MESSAGES
from resolvers.node import MAX_NODES
from resolvers.notification import DEFAULT_PAGE as DEFAULT_NOTIFICATIONS
from resolvers.notification import MAX_MARKED
from resolvers.paging import LARGEST_PAGE
from resolvers.presence import DEFAULT_ONLINE
from resolvers.sync_request import DEFAULT_LIMIT, LARGEST_LIMIT
from resolvers.user import DEFAULT_FOUND as DEFAULT_FOUND_USERS

# A number, or what gives it for the variables of a request.
Cost: TypeAlias = int | Callable[[Mapping[str, Any]], int]


class Sized(NamedTuple):
    """Arguments that say how many items a field gives: the first of them that is there counts, else the default."""

    arguments: Sequence[str]
    default: int
    largest: int


_PAGE = ("first", "last")
SIZED = {
    "Query.nodes": Sized(["ids"], 0, MAX_NODES),
    "Query.channels": Sized(_PAGE, DEFAULT_CHANNELS, LARGEST_PAGE),
    "Query.searchChannels": Sized(_PAGE, DEFAULT_SEARCH, LARGEST_PAGE),
    "Query.searchUsers": Sized(_PAGE, DEFAULT_FOUND_USERS, LARGEST_PAGE),
    "Query.searchMessages": Sized(_PAGE, DEFAULT_FOUND_MESSAGES, LARGEST_PAGE),
    "Query.messages": Sized(_PAGE, DEFAULT_MESSAGES, LARGEST_PAGE),
    "Query.notifications": Sized(_PAGE, DEFAULT_NOTIFICATIONS, LARGEST_PAGE),
    "Query.unreadNotifications": Sized(_PAGE, DEFAULT_NOTIFICATIONS, LARGEST_PAGE),
    "Query.sync": Sized(["limit"], DEFAULT_LIMIT, LARGEST_LIMIT),
    "Subscription.sync": Sized(["limit"], DEFAULT_LIMIT, LARGEST_LIMIT),
    "Channel.members": Sized(_PAGE, DEFAULT_MEMBERS, LARGEST_PAGE),
    "Channel.auditLog": Sized(_PAGE, DEFAULT_ENTRIES, LARGEST_PAGE),
    "Channel.onlineUsers": Sized(_PAGE, DEFAULT_ONLINE, LARGEST_PAGE),
    "Channel.messages": Sized(_PAGE, DEFAULT_MESSAGES, LARGEST_PAGE),
}
# Lists of as many items as the arguments of the field around them say.
AROUND = frozenset(
    f"{name}.{field}"
    for name, fields in {
        "ChannelConnection": ("edges", "nodes"),
        "ChannelMemberConnection": ("edges", "nodes"),
        "AuditConnection": ("edges", "nodes"),
        "MessageConnection": ("edges", "nodes"),
        "NotificationConnection": ("edges", "nodes"),
        "UserConnection": ("edges", "nodes"),
        "MessageSearchConnection": ("edges", "nodes"),
        "SyncPage": ("channels", "notifications"),
    }.items()
    for field in fields
)
# Lists that no argument bounds, and how many items they are assumed to have on average.
ASSUMED = {
    "Message.mentions": 2,
    "Message.reactions": 2,
    "Channel.typingUsers": 5,
    "ChannelDelta.messages": 1,  # those of all channels of a page are as many as its limit together
    "NotificationsPayload.notifications": MAX_MARKED,
}
ASSUMED_MISTAKES = 1
# What is more work than the objects of its answer are: a search looks at every channel or person, or for the words in an
# index; who is online at many members.
WEIGHTS = {
    "Query.searchChannels": 100,
    "Query.searchUsers": 100,
    "Query.searchMessages": 100,
    "Query.sync": 10,
    "Subscription.sync": 10,
    "Channel.onlineUsers": 100,
}
WEIGHT_OF_CHANGE = 10
WEIGHT_OF_INTROSPECTION = 1000
_NO_FIELDS: Mapping[str, GraphQLField] = {}
_LONGEST_INT = len(str(-(1 << 31)))


def value_of(cost: Cost, variables: Mapping[str, Any]) -> int:
    """Return the number that a cost is for these variables."""
    return cost if isinstance(cost, int) else cost(variables)


def cost_of(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Cost:
    """Return what an operation costs, at least 1."""
    return _sum([1, _priced(schema, document, operation, item=1)])


def work_of(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Cost:
    """Return what of an operation's cost is work that is done however little its answer then holds."""
    return _priced(schema, document, operation, item=0)


def _priced(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, *, item: int) -> Cost:
    root = schema.get_root_type(operation.operation)
    assert root is not None
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    return _Pricing(schema, fragments, item).selected(root, [operation.selection_set], 1)


class _Pricing:
    def __init__(self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], item: int) -> None:
        self._schema = schema
        self._item = item
        self._fragments = fragments
        self._changes = schema.get_root_type(OperationType.MUTATION)

    def selected(self, type_: GraphQLObjectType | GraphQLInterfaceType, sets: Sequence[SelectionSetNode], around: Cost) -> Cost:
        """Return what is selected of one object, in a page of `around` items."""
        found: dict[tuple[str, str], list[FieldNode]] = {}
        spread: set[str] = set()
        waiting = [(type_.name, one) for one in sets]
        while waiting:
            name, selection_set = waiting.pop()
            for selection in selection_set.selections:
                if isinstance(selection, FieldNode):
                    found.setdefault((name, (selection.alias or selection.name).value), []).append(selection)
                elif isinstance(selection, FragmentSpreadNode):
                    fragment = self._fragments.get(selection.name.value)
                    if fragment is not None and selection.name.value not in spread:
                        spread.add(selection.name.value)
                        waiting.append((fragment.type_condition.name.value, fragment.selection_set))
                elif isinstance(selection, InlineFragmentNode):
                    condition = selection.type_condition
                    waiting.append((condition.name.value if condition else name, selection.selection_set))
        return _sum([self._field(name, nodes, around) for (name, _), nodes in found.items()])

    def _field(self, type_name: str, nodes: Sequence[FieldNode], around: Cost) -> Cost:
        name = nodes[0].name.value
        if name.startswith("__"):
            return 0 if name == "__typename" else WEIGHT_OF_INTROSPECTION
        parent: Any = self._schema.type_map.get(type_name)
        field: GraphQLField | None = getattr(parent, "fields", _NO_FIELDS).get(name)
        if field is None:
            return 0
        coordinate = f"{type_name}.{name}"
        weight = WEIGHT_OF_CHANGE if parent is self._changes else WEIGHTS.get(coordinate, 0)
        sets = [node.selection_set for node in nodes if node.selection_set is not None]
        if not sets:
            return weight
        sized = SIZED.get(coordinate)
        size = _size(sized, nodes[0]) if sized is not None else 1
        named: Any = get_named_type(field.type)
        item = _sum([self._item, self.selected(named, sets, size)])
        if isinstance(get_nullable_type(field.type), GraphQLList):
            return _sum([weight, _product(_count(coordinate, size, around), item)])
        return _sum([weight, item])


def _count(coordinate: str, size: Cost, around: Cost) -> Cost:
    """Return how many items a list of objects has."""
    if coordinate in SIZED:
        return size
    if coordinate in AROUND:
        return around
    return ASSUMED_MISTAKES if coordinate.endswith(".userErrors") else ASSUMED.get(coordinate, 1)  # 1: of values, not of objects


def _size(sized: Sized, node: FieldNode) -> Cost:
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    values = [given[name] for name in sized.arguments if name in given]
    if any(isinstance(value, VariableNode) for value in values):
        return lambda variables: _first_size(sized, (number_of(value, variables) for value in values))
    return _first_size(sized, (number_of(value, {}) for value in values))


def _first_size(sized: Sized, numbers: Any) -> int:
    asked = next((number for number in numbers if number is not None), sized.default)
    return max(1, min(asked, sized.largest))


def number_of(value: ValueNode, variables: Mapping[str, Any]) -> int | None:
    """Return the number that a value is or, of a list, how many items it has; None for null."""
    found: Any = None
    if isinstance(value, VariableNode):
        found = variables.get(value.name.value)
    elif isinstance(value, IntValueNode):
        # Longer ones are no Int, and Python reads no number of any length.
        found = int(value.value[:_LONGEST_INT])
    elif isinstance(value, ListValueNode):
        found = len(value.values)
    if isinstance(found, list):
        return len(found)
    return found if isinstance(found, int) else None


def _sum(costs: Sequence[Cost]) -> Cost:
    fixed = sum(cost for cost in costs if isinstance(cost, int))
    open_ = [cost for cost in costs if not isinstance(cost, int)]
    if not open_:
        return fixed
    return lambda variables: fixed + sum(cost(variables) for cost in open_)


def _product(count: Cost, item: Cost) -> Cost:
    if isinstance(count, int) and isinstance(item, int):
        return count * item
    return lambda variables: value_of(count, variables) * value_of(item, variables)
