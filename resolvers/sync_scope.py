"""The scope of a sync page: the heads it is made under."""

from typing import NamedTuple

from models.head import ChannelHead
from models.sync import ViewerHeads
from models.sync_token import SyncState


class Scope(NamedTuple):
    """The heads a page is made under. `watched` are those of named channels that the viewer may see without belonging.

    `named` is None where the page is of all the viewer's channels. Where it is not `whole`, of the viewer's channels only those
    named were read, because their inbox, and so what they belong to, is as the token has it.
    """

    viewer: ViewerHeads
    watched: dict[int, ChannelHead]
    named: tuple[int, ...] | None
    whole: bool = True

    @property
    def heads(self) -> dict[int, ChannelHead]:
        """The heads of the channels that the page is of; of all of them, by latest activity."""
        if self.named is None:
            return self.viewer.channels
        return {key: head for key in self.named if (head := self.viewer.channels.get(key) or self.watched.get(key)) is not None}

    def behind(self, state: SyncState) -> str:
        """Return which numbers are lower than a token's, in words; nothing where none are."""
        if state.log is not None and state.log > self.viewer.inbox.last_log:
            return f"its log at {state.log}, the inbox at {self.viewer.inbox.last_log}"
        for channel_id, place in state.places.items():
            head = self.viewer.channels.get(channel_id) or self.watched.get(channel_id)
            if head is not None and place.event > head.last_event:
                return f"channel {channel_id} at {place.event}, its head at {head.last_event}"
        return ""
