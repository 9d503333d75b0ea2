"""Fields that every viewer who may see them sees alike.

Rule: an answer is shared between viewers only if all it selects is named here; a field that is not named is personal,
so that forgetting one costs speed, never privacy. What differs by the client's activity is told apart by the answer's key.
"""

_SHARED_FIELDS = {
    "Query": "messages pollingInterval",
    "MessageConnection": "edges nodes pageInfo activeUsers pollingInterval",
    "MessageEdge": "cursor node",
    "Message": "id cursor seq version channelId author content createdAt editedAt deletedAt replyTo mentions reactions"
    " clientMessageId",
    "ReactionGroup": "emoji count",
    "User": "id name image",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "PollingInterval": "milliseconds reason activeUsers messageRate serverLoad",
}

SHARED = frozenset(f"{type_name}.{field}" for type_name, names in _SHARED_FIELDS.items() for field in names.split())
