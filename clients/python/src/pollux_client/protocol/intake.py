"""Intake: what of the server's pages is news, in the order in which it is given.

Rule: pages are given whole. One with a hole waits for those that fill it and is given together with them, and the
position moves only then; so whoever resumes at the position gets what was not given, and nothing that was.
"""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pollux_client.events import (
    ChannelChanged,
    ChannelRemoved,
    Checkpoint,
    Event,
    Gap,
    Head,
    InboxChanged,
    MessageCreated,
    MessageDeleted,
    MessageUpdated,
    NotificationCreated,
    NotificationUpdated,
    Position,
    Reset,
)
from pollux_client.protocol.channel_news import ChannelNews, Staged, channel_news
from pollux_client.records import Channel, Inbox, Message, Notification, SyncPage

# A state can come twice only in pages that follow each other closely; a client that forgot it gives it twice.
REMEMBERED = 10_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Recent(Generic[K, V]):
    """The last values of the keys used most recently."""

    def __init__(self) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > REMEMBERED:
            self._values.popitem(last=False)


@dataclass(slots=True)
class _Batch:
    """Pages that are given together."""

    reset: str | None = None
    removed: list[str] = field(default_factory=list)
    channels: dict[str, Staged] = field(default_factory=dict)
    notifications: list[tuple[Notification, bool]] = field(default_factory=list)


class Intake:
    """Turns pages into events. `position` is where everything was given."""

    def __init__(self, position: Position | None) -> None:
        self.position = position or Position()
        self._batch: _Batch | None = None
        self._given = False
        self._forget(whole=self.position.whole)
        self._heads.update(self.position.heads)

    def _forget(self, *, whole: bool) -> None:
        """Drop what is known. `whole`: from now on, a channel that is not known was never given."""
        self._whole = whole
        self._heads: dict[str, Head] = {}
        self._channels: dict[str, Channel] = {}
        self._gone: set[str] = set()
        self._versions: _Recent[tuple[str, int], int] = _Recent()
        self._notifications: _Recent[str, Notification] = _Recent()
        self._inbox: Inbox | None = None

    def take(self, page: SyncPage, *, asked: str | None) -> list[Event]:
        """Return what is news in a page that was asked for with the token `asked`; nothing while it is held back."""
        fresh = asked is None or page.reset_reason is not None
        if page.reset_reason is not None:
            self._batch = _Batch(reset=page.reset_reason)
            self._forget(whole=True)
        batch = self._batch = self._batch or _Batch()
        for channel_id in page.removed_channel_ids:
            batch.channels.pop(channel_id, None)
            batch.removed.append(channel_id)
        for delta in page.channels:
            key = delta.channel.id
            if key not in batch.channels:
                unknown = key in batch.removed or (key not in self._heads and self._whole)
                batch.channels[key] = Staged(delta.channel, begins=unknown)
            batch.channels[key].add(delta)
        batch.notifications += [(one, fresh) for one in page.notifications]
        news: list[tuple[Staged, ChannelNews]] = []
        for key, staged in batch.channels.items():
            of_channel = channel_news(staged, self._heads.get(key), has_more=page.has_more)
            if of_channel is None:
                return []
            news.append((staged, of_channel))
        self._batch = None
        return list(self._give(batch, news, page))

    def _give(self, batch: _Batch, news: list[tuple[Staged, ChannelNews]], page: SyncPage) -> Iterator[Event]:
        if batch.reset is not None:
            yield Reset(batch.reset)
        for channel_id in dict.fromkeys(batch.removed):
            self._heads.pop(channel_id, None)
            self._channels.pop(channel_id, None)
            if channel_id not in self._gone:
                self._gone.add(channel_id)
                yield ChannelRemoved(channel_id)
        for staged, of_channel in news:
            yield from self._give_channel(staged, of_channel)
        for notification, fresh in batch.notifications:
            yield from self._give_notification(notification, fresh=fresh)
        if page.inbox != self._inbox:
            self._inbox = page.inbox
            yield InboxChanged(page.inbox)
        if page.token != self.position.token or not self._given:
            self._given = True
            self.position = Position(page.token, dict(self._heads), self._whole)
            yield Checkpoint(self.position, caught_up=not page.has_more)

    def _give_channel(self, staged: Staged, news: ChannelNews) -> Iterator[Event]:
        key = staged.channel.id
        self._gone.discard(key)
        if self._channels.get(key) != staged.channel:
            self._channels[key] = staged.channel
            yield ChannelChanged(staged.channel)
        if news.stale is not None:
            yield news.stale
        for one in news.created:
            if isinstance(one, Gap):
                yield one
            else:
                self._versions.put((key, one.seq), one.version)
                yield MessageCreated(one, fresh=staged.begins)
        for message in news.changed:
            if self._is_newer(key, message):
                yield MessageUpdated(message) if message.deleted_at is None else MessageDeleted(message)
        self._heads[key] = news.head

    def _is_newer(self, channel_id: str, message: Message) -> bool:
        given = self._versions.get((channel_id, message.seq))
        if given is not None and given >= message.version:
            return False
        self._versions.put((channel_id, message.seq), message.version)
        return True

    def _give_notification(self, notification: Notification, *, fresh: bool) -> Iterator[Event]:
        given = self._notifications.get(notification.id)
        if given == notification:
            return
        self._notifications.put(notification.id, notification)
        untouched = notification.seen_at is None and notification.read_at is None and notification.archived_at is None
        if given is None and (fresh or untouched):
            yield NotificationCreated(notification, fresh=fresh)
        else:
            yield NotificationUpdated(notification)
