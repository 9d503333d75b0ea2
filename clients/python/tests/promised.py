"""What a subscriber was promised, as a reader that checks each event as it comes."""

from dataclasses import dataclass, field

from pollux_client.events import (
    ChannelChanged,
    ChannelRemoved,
    Event,
    Gap,
    MessageCreated,
    MessageDeleted,
    MessageUpdated,
    Reset,
    Stale,
)
from pollux_client.records import Message


@dataclass
class Reader:
    """Messages are created in order of seq, without holes, each once; a gap says exactly what was left out.

    `last` holds the last seq given of each channel. Of `loose` channels, followed by a client that resumed from a token
    alone, messages may be given again, once.
    """

    held: dict[str, dict[int, Message]] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, Gap] = field(default_factory=dict)
    loose: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    created: int = 0

    def take(self, event: Event) -> None:
        """Check an event. Raises AssertionError."""
        match event:
            case Reset():
                self.held, self.last, self.gaps, self.loose, self.begun = {}, {}, {}, set(), set()
            case ChannelRemoved(key):
                for of_channel in (self.held, self.last, self.gaps):
                    of_channel.pop(key, None)
                self.begun.discard(key)
            case ChannelChanged(channel):
                self.begun.add(channel.id)
            case Stale(key, before):
                kept = {} if before is None else self.held.get(key, {})
                self.held[key] = {seq: one for seq, one in kept.items() if seq >= int((before or "").split(":")[1])}
            case Gap():
                self._gap(event)
            case MessageCreated(message, fresh):
                self._created(message, fresh=fresh)
            case MessageUpdated(message) | MessageDeleted(message):
                assert isinstance(event, MessageDeleted) is (message.deleted_at is not None)
                held = self.held.setdefault(message.channel_id, {})
                assert message.seq not in held or held[message.seq].version <= message.version
                held[message.seq] = message
            case _:
                pass

    def _gap(self, gap: Gap) -> None:
        key, last = gap.channel_id, self.last.get(gap.channel_id)
        assert (gap.before is None) is not (gap.until is None)
        if last is not None and key not in self.loose:
            assert gap.after == f"{key}:{last}" or (last == 0 and gap.after is None), f"{gap} after {last}"
        if gap.until is None:
            self.gaps[key] = gap
        else:
            self.last[key] = int(gap.until.split(":")[1])

    def _created(self, message: Message, *, fresh: bool) -> None:
        key, seq = message.channel_id, message.seq
        last, gap = self.last.get(key), self.gaps.pop(key, None)
        if gap is not None:
            assert gap.before == message.cursor
            assert last is None or seq > last + 1 or key in self.loose
        elif last is not None and key in self.loose:
            assert seq <= last + 1, f"{key}:{seq} after {last}: lost"
        elif last is not None:
            assert seq == last + 1, f"{key}:{seq} after {last}"
        else:
            assert fresh or key in self.loose or key in self.begun
        self.loose.discard(key)
        self.last[key] = seq
        self.held.setdefault(key, {})[seq] = message
        self.created += 1
