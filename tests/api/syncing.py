"""Syncing over HTTP, as a client does."""

from typing import Any

from tests.asking import Api

PAGE = (
    "token hasMore resetReason removedChannelIds inbox { unreadCount unseenCount } pollingInterval { milliseconds }"
    " notifications { id title readAt archivedAt message { content } }"
    " channels { limited gapCursor headCursor channel { id name unreadCount lastReadCursor viewerRole }"
    " messages { id seq version content deletedAt author { name } } }"
)
SYNC = "query($t: String, $c: [ID!], $l: Int, $w: Int) { sync(token: $t, channelIds: $c, limit: $l, waitMs: $w) { " + PAGE + " } }"


async def synced(api: Api, token: str | None = None, *, who: str = "alice", **more: Any) -> Any:
    given = {"t": token, "l": more.get("limit"), "c": more.get("channels"), "w": more.get("wait", 0)}
    return await api.ask(SYNC, {key: value for key, value in given.items() if key in ("t", "c") or value is not None}, who=who)


def contents(page: Any) -> dict[str, list[str]]:
    return {delta["channel"]["id"]: [message["content"] for message in delta["messages"]] for delta in page["channels"]}
