"""Who sees what: every field of the schema with the rule it is shown by, and every mutation with what each is answered.

Rule: this table names all of the schema, and nothing else; `test_walk.py` asks for every field as everybody, by every way
there is to it. A field that is added has to be given its rule here.
"""

from enum import Enum

# Whoever asks: somebody signed in who never belonged to the channel, who belonged and was removed, a plain member, a
# moderator, an owner, and a trusted back end, whose roles give it nothing in channels.
PEOPLE = ("stranger", "former", "member", "moderator", "owner", "service")
# Who sees a channel with all that is in it, by its kind.
SEERS = {
    "PUBLIC": frozenset(PEOPLE),
    "PRIVATE": frozenset({"member", "moderator", "owner"}),
    "DIRECT": frozenset({"member", "owner"}),
}
# Who sees its trail. A direct channel has no owner.
KEEPERS = {
    "PUBLIC": frozenset({"moderator", "owner"}),
    "PRIVATE": frozenset({"moderator", "owner"}),
    "DIRECT": frozenset[str](),
}


class Rule(Enum):
    """By which right a field is shown."""

    SEER = "whoever sees the channel; to others it is as if there were none"
    KEEPER = "who keeps order in the channel; FORBIDDEN for others who see it"
    OWN = "everybody, of what is theirs"
    ANYBODY = "everybody who is signed in"
    SERVICE = "the roles service and admin; FORBIDDEN for others"
    ROOT = "an entrance; what it leads to has its own rule"
    CHANGE = "part of a mutation's answer, which only who made the change gets"


FIELDS: dict[Rule, dict[str, str]] = {
    Rule.SEER: {
        "Channel": "id name topic kind createdAt archivedAt memberCount unreadCount mentionCount lastReadCursor viewerRole members"
        " activeUsers onlineUsers typingUsers lastMessage pollingInterval messages",
        "ChannelMember": "id user role joinedAt online",
        "ChannelMemberConnection": "edges nodes pageInfo",
        "ChannelMemberEdge": "cursor node",
        "Message": "id cursor seq version channelId author content createdAt editedAt deletedAt mentions reactions clientMessageId"
        " replyTo",
        "MessageConnection": "edges nodes pageInfo activeUsers pollingInterval",
        "MessageEdge": "cursor node",
        "MessageSearchConnection": "edges nodes pageInfo",
        "ReactionGroup": "emoji count viewerHasReacted",
        "PollingInterval": "milliseconds reason activeUsers serverLoad messageRate",
        "ChannelDelta": "channel messages limited gapCursor headCursor",
    },
    Rule.KEEPER: {
        "Channel": "auditLog",
        "AuditConnection": "edges nodes pageInfo",
        "AuditEdge": "cursor node",
        "AuditEntry": "kind createdAt actor user messageId",
    },
    Rule.OWN: {
        "Inbox": "id unseenCount unreadCount",
        "Notification": "id type title content link createdAt seenAt readAt archivedAt actor message",
        "NotificationConnection": "edges nodes pageInfo inbox hasNew unseenCount unreadCount pollingInterval",
        "NotificationEdge": "cursor node",
        "ChannelConnection": "edges nodes pageInfo",
        "ChannelEdge": "cursor node",
        "SyncPage": "token hasMore resetReason channels removedChannelIds notifications inbox pollingInterval",
    },
    Rule.ANYBODY: {
        "User": "id name image",
        "UserConnection": "edges nodes pageInfo",
        "UserEdge": "cursor node",
        "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    },
    Rule.SERVICE: {"RealtimeMetrics": "type windowSeconds count averageMs p50Ms p95Ms p99Ms"},
    Rule.ROOT: {
        "Query": "node nodes viewer inbox channel channels searchChannels searchUsers searchMessages messages"
        " unreadNotifications notifications pollingInterval sync realtimeMetrics",
        "Subscription": "sync",
        "Mutation": "sendMessage editMessage deleteMessage addReaction removeReaction markChannelRead touchPresence createChannel"
        " updateChannel joinChannel leaveChannel addChannelMembers removeChannelMember setChannelMemberRole createNotification"
        " markNotificationsSeen markNotificationsRead markAllNotificationsRead archiveNotification reportLatency",
    },
    Rule.CHANGE: {
        "SendMessagePayload": "message messageEdge userErrors",
        "MessagePayload": "message userErrors",
        "ChannelPayload": "channel userErrors",
        "NotificationPayload": "notification inbox userErrors",
        "NotificationsPayload": "notifications inbox userErrors",
        "ReportLatencyPayload": "accepted userErrors",
        "UserError": "field message code",
    },
}

# The ways to each type that has to do with a channel; `%` is what is selected of it. Together with the fields between
# them, these are all there are.
WAYS: dict[str, list[str]] = {
    "Channel": [
        "channel(id: $channel) { % }",
        "node(id: $channel) { ... on Channel { % } }",
        "nodes(ids: [$channel]) { ... on Channel { % } }",
    ],
    "ChannelMemberConnection": ["channel(id: $channel) { members(first: 3) { % } }"],
    "ChannelMemberEdge": ["channel(id: $channel) { members { edges { % } } }"],
    "ChannelMember": [
        "channel(id: $channel) { members { nodes { % } } }",
        "channel(id: $channel) { members { edges { node { % } } } }",
        "node(id: $membership) { ... on ChannelMember { % } }",
        "nodes(ids: [$membership]) { ... on ChannelMember { % } }",
    ],
    "MessageConnection": [
        "messages(channelId: $channel) { % }",
        "messages(channelId: $channel, after: $cursor) { % }",
        "messages(channelId: $channel, first: 1, before: $cursor) { % }",
        "channel(id: $channel) { messages { % } }",
    ],
    "MessageSearchConnection": ['searchMessages(text: "ultramarine", channelId: $channel) { % }'],
    "MessageEdge": [
        "messages(channelId: $channel) { edges { % } }",
        'searchMessages(text: "ultra", channelId: $channel) { edges { % } }',
    ],
    "Message": [
        "messages(channelId: $channel) { nodes { % } }",
        "messages(channelId: $channel, last: 1) { edges { node { % } } }",
        "channel(id: $channel) { lastMessage { % } }",
        "channel(id: $channel) { messages { nodes { % } } }",
        "node(id: $message) { ... on Message { % } }",
        "nodes(ids: [$message]) { ... on Message { % } }",
        "node(id: $message) { ... on Message { replyTo { % } } }",
        "messages(channelId: $channel, last: 1) { nodes { replyTo { % } } }",
        'searchMessages(text: "two ultramarine", channelId: $channel) { nodes { % } }',
    ],
    "ReactionGroup": [
        "messages(channelId: $channel) { nodes { reactions { % } } }",
        "node(id: $message) { ... on Message { reactions { % } } }",
    ],
    "PollingInterval": [
        "pollingInterval(channelId: $channel) { % }",
        "channel(id: $channel) { pollingInterval { % } }",
        "messages(channelId: $channel) { pollingInterval { % } }",
    ],
    "PageInfo": ["messages(channelId: $channel) { pageInfo { % } }", "channel(id: $channel) { members { pageInfo { % } } }"],
    "User": [
        "messages(channelId: $channel) { nodes { author { % } } }",
        "messages(channelId: $channel) { nodes { mentions { % } } }",
        "channel(id: $channel) { members { nodes { user { % } } } }",
        "channel(id: $channel) { onlineUsers { % } }",
        "channel(id: $channel) { typingUsers { % } }",
        'searchUsers(text: "memb") { nodes { % } }',
    ],
    "UserConnection": ['searchUsers(text: "MEMB", first: 1) { % }'],
    "UserEdge": ['searchUsers(text: "ember") { edges { % } }'],
    "AuditConnection": ["channel(id: $channel) { auditLog { % } }"],
    "AuditEdge": ["channel(id: $channel) { auditLog { edges { % } } }"],
    "AuditEntry": [
        "channel(id: $channel) { auditLog { nodes { % } } }",
        "node(id: $channel) { ... on Channel { auditLog { edges { node { % } } } } }",
    ],
}
