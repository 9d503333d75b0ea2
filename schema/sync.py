"""SyncPage: everything that changed for the viewer since a token."""

import strawberry

from models.sync_token import SyncResetReason
from schema import enums  # noqa: F401  # publishes SyncResetReason
from schema.channel import Channel
from schema.inbox import Inbox
from schema.message import Message
from schema.notification import Notification
from schema.polling import PollingInterval


@strawberry.type(description="What changed in one channel.")
class ChannelDelta:
    channel: Channel = strawberry.field(description="The channel as it is now, with the viewer's read position.")
    messages: list[Message] = strawberry.field(
        description="Created or changed since the token, each once, in its newest state, in change order; deleted ones as "
        "tombstones. Of a channel that is new to the client, its newest, up to 20."
    )
    limited: bool = strawberry.field(
        description="Only on a fresh start of the channel, or more than 1,000 messages behind: older ones were left out; fill in "
        "with messages(last:, before: gapCursor, after: your newest)."
    )
    gap_cursor: str | None = strawberry.field(
        description="Before it messages were left out; null where none were, or where the page had no room for any message."
    )
    head_cursor: str | None = strawberry.field(description="Cursor of the newest message in the channel; null where there is none.")


@strawberry.type(
    description="Everything that changed for the viewer since `token`, in one answer: messages new, edited and deleted, "
    "reactions, read positions, channels joined and left, notifications new, read and archived. Without a token: a snapshot, "
    "the viewer's channels by latest activity, each with its newest messages (up to 20), and the newest notifications; "
    "`hasMore` continues it. Nothing new: no deltas, and the very token that was sent."
)
class SyncPage:
    token: str = strawberry.field(description="Covers exactly what this page holds, never more. At most 4 KiB.")
    has_more: bool = strawberry.field(description="Ask again at once.")
    reset_reason: SyncResetReason | None = strawberry.field(
        description="Set when the token could not be continued: drop local state except unsent messages, and start from this page."
    )
    channels: list[ChannelDelta] = strawberry.field(description="What changed, by channel.")
    removed_channel_ids: list[strawberry.ID] = strawberry.field(
        description="Channels that the viewer left or was removed from, and those of `channelIds` that they cannot see."
    )
    notifications: list[Notification] = strawberry.field(
        description="New or changed since the token, in change order; on a fresh start the newest, newest first."
    )
    inbox: Inbox = strawberry.field(description="The counts of the viewer's notifications.")
    polling_interval: PollingInterval = strawberry.field(description="When to ask again.")
