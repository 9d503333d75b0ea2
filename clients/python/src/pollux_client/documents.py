"""Documents: what the client asks, in GraphQL. Each is a text of its own, so that a server can keep it by its hash."""

import hashlib

_USER = "fragment U on User { id name image }"
_MESSAGE = (
    "fragment M on Message { id cursor seq version channelId author { ...U } content createdAt editedAt deletedAt "
    "replyTo { id seq content author { ...U } } mentions { ...U } reactions { emoji count viewerHasReacted } "
    "clientMessageId }"
)
_CHANNEL = (
    "fragment C on Channel { id name topic kind createdAt archivedAt memberCount activeUsers typingUsers { ...U } "
    "unreadCount mentionCount lastReadCursor viewerRole }"
)
_PAGE = (
    "fragment P on SyncPage { token hasMore resetReason removedChannelIds inbox { unseenCount unreadCount } "
    "pollingInterval { milliseconds reason activeUsers } "
    "channels { limited gapCursor headCursor channel { ...C } messages { ...M } } "
    "notifications { id type title content link createdAt seenAt readAt archivedAt actor { ...U } "
    "message { id cursor channelId } } } "
) + f"{_CHANNEL} {_MESSAGE} {_USER}"

SYNC = (
    "query Sync($token: String, $channelIds: [ID!], $waitMs: Int, $activity: ClientActivity, $limit: Int) {"
    " sync(token: $token, channelIds: $channelIds, waitMs: $waitMs, activity: $activity, limit: $limit) { ...P } } " + _PAGE
)
SYNC_STREAM = (
    "subscription Sync($token: String, $channelIds: [ID!], $activity: ClientActivity, $limit: Int) {"
    " sync(token: $token, channelIds: $channelIds, activity: $activity, limit: $limit) { ...P } } " + _PAGE
)
SEND = (
    "mutation Send($input: SendMessageInput!) {"
    " sendMessage(input: $input) { message { ...M } userErrors { field message code } } } " + f"{_MESSAGE} {_USER}"
)
MESSAGES = (
    "query Messages($channelId: ID!, $first: Int, $after: String, $last: Int, $before: String) {"
    " messages(channelId: $channelId, first: $first, after: $after, last: $last, before: $before) {"
    " nodes { ...M } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } " + f"{_MESSAGE} {_USER}"
)
CHANNEL = "query Channel($id: ID!) { channel(id: $id) { ...C } } " + f"{_CHANNEL} {_USER}"
CHANNELS = (
    "query Channels($name: String!) { channels(first: 200) { nodes { ...C } } searchChannels(text: $name, first: 50) {"
    " nodes { ...C } } } " + f"{_CHANNEL} {_USER}"
)


def manifest() -> dict[str, str]:
    """Return all documents by their SHA-256, as a server takes those that it trusts."""
    texts = (SYNC, SYNC_STREAM, SEND, MESSAGES, CHANNEL, CHANNELS)
    return {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}
