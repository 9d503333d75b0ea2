"""A client that syncs, by the rules of the contract and nothing else."""

from dataclasses import dataclass, field
from typing import Any

from models import ids
from models.message import MessageRecord
from models.notification import NotificationRecord
from resolvers.sync_page import SyncPage


@dataclass
class Client:
    """What a client keeps, by the rules of the contract. `forgets` what is older than a gap, or fills the gap."""

    forgets: bool
    token: str | None = None
    channels: dict[int, Any] = field(default_factory=dict)
    messages: dict[int, dict[int, MessageRecord]] = field(default_factory=dict)
    # The oldest message held of each channel, or the first there will be.
    floors: dict[int, int] = field(default_factory=dict)
    notifications: dict[int, NotificationRecord] = field(default_factory=dict)
    oldest_notification: int = 1
    inbox: Any = None
    more: bool = True

    def apply(self, page: SyncPage, *, limit: int) -> list[tuple[int, int, int]]:
        """Take a page in; returns the ranges of messages that it left out, by channel."""
        assert len(page.notifications) + sum(len(delta.messages) for delta in page.channels) <= limit
        started, gaps = self.token is None or page.reset_reason is not None, []
        if page.reset_reason is not None:
            self.channels.clear()
            self.messages.clear()
            self.notifications.clear()
        for delta in page.channels:
            key = delta.channel.head.channel_id
            is_new = key not in self.messages
            held = self.messages.setdefault(key, {})
            newest = max(held, default=0)
            records = [view.record for view in delta.messages]
            assert [one.version for one in records] == sorted({one.version for one in records})
            if delta.limited:
                assert delta.gap_cursor is not None or not records
                first = min((one.seq for one in records if one.seq > newest), default=delta.channel.head.last_message + 1)
                if held and not self.forgets:
                    gaps.append((key, newest + 1, first - 1))
                else:
                    held.clear()
                    self.floors[key] = first
            elif is_new:
                self.floors[key] = min((one.seq for one in records), default=delta.channel.head.last_message + 1)
            for one in records:
                # Changes of messages older than what is held come too.
                if one.seq >= self.floors[key] and (one.seq not in held or held[one.seq].version <= one.version):
                    held[one.seq] = one
            view = delta.channel
            self.channels[key] = (view.name, view.topic, view.archived_at, view.member_count, view.unread_count,
                                  view.mention_count, view.last_read_cursor, view.viewer_role)  # fmt: skip
        for node_id in page.removed_channel_ids:
            node = ids.decode(node_id)
            assert isinstance(node, ids.ChannelId)
            self.channels.pop(node.channel_id, None)
            self.messages.pop(node.channel_id, None)
        self.notifications.update({view.record.number: view.record for view in page.notifications})
        if started:
            self.oldest_notification = min(self.notifications, default=1)
        self.token, self.more, self.inbox = page.token, page.has_more, page.inbox
        return gaps
