"""Looking for news: whether anything changed for a viewer since a token, and what.

Rule: heads first, content after. All of a look, authorization included, hangs on heads of one moment from ReadIndex,
and its places say how far those heads were: who waits beyond them misses nothing.
"""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.cursor import CursorCodec
from models.errors import Unavailable
from models.head import ChannelHead, InboxHead
from models.read_watch import declared
from models.sync import ViewerHeads
from models.sync_token import SyncResetReason, SyncToken, Unusable, open_token
from models.topic import Topic, of_channel, of_user
from resolvers.services import Services
from resolvers.sync_draft import Draft, drafted, place_of
from resolvers.sync_request import SyncRequest
from resolvers.sync_scope import Scope

# The epoch may end while a request reads; twice in one request it does not.
ATTEMPTS = 3
# Of more channels at once, one statement for all that is the viewer's is cheaper than a head of each.
FEW = 8


class Found(NamedTuple):
    """What there is for a client, under the heads of `scope`. `token` is the one it continues, None on a fresh start."""

    scope: Scope
    cursors: CursorCodec
    draft: Draft
    token: SyncToken | None
    reason: SyncResetReason | None

    @property
    def news(self) -> bool:
        """Whether there is something that the client did not know."""
        return self.token is None or bool(self.draft.deltas or self.draft.removed or self.draft.notifications)

    @property
    def waits(self) -> bool:
        """Whether there is nothing to tell now."""
        return not self.news and not self.draft.more

    @property
    def inbox(self) -> InboxHead:
        return self.scope.viewer.inbox

    def events(self) -> tuple[int, int]:
        """Return how many channels are the viewer's, and how many events there were in them."""
        heads = self.scope.viewer.channels.values()
        return len(heads), sum(head.last_event for head in heads)

    def present_in(self, named: Sequence[int]) -> list[int]:
        """Return those of the channels that are named which the viewer belongs to."""
        return [key for key in named if key in self.scope.viewer.channels]

    def places(self) -> Mapping[Topic, int]:
        """Return how far everything has come that may bring news."""
        places = {of_channel(key): head.last_event for key, head in self.scope.heads.items()}
        places[of_user(self.inbox.user_id)] = self.inbox.last_log
        return places


class Quiet(NamedTuple):
    """Nothing is new: the viewer's pulse is what it was when all had been given, or the `heads` of all that were named are."""

    token: SyncToken
    inbox: InboxHead
    named: tuple[int, ...] | None
    heads: Mapping[int, ChannelHead]

    @property
    def waits(self) -> bool:
        return True

    def events(self) -> tuple[int, int]:
        """Return how many channels are the viewer's, and how many events there were in them."""
        mark = self.token.mark
        assert mark is not None  # or it could not have been compared
        return mark.channels, mark.events

    def present_in(self, named: Sequence[int]) -> list[int]:
        """Return those of the channels that are named which the viewer belongs to: all of them."""
        return list(named)

    def places(self) -> Mapping[Topic, int]:
        """Return how far everything has come that may bring news."""
        given = self.token.state().places
        channel_ids = [key for key, place in given.items() if place.read is not None] if self.named is None else self.named
        places = {of_channel(key): given[key].event for key in channel_ids}
        places[of_user(self.inbox.user_id)] = self.inbox.last_log
        return places


Look = Found | Quiet


async def look(services: Services, viewer_id: int, request: SyncRequest, *, before: Look | None = None) -> Look:
    """Return what is new for a viewer. Raises Unavailable.

    A first look asks for their pulse, or for the heads of the few channels that are named, which is all that most looks take.
    Whoever looks again, after the look `before`, was woken and mostly finds something, of which the pulse would only say that
    it is there.
    """
    with declared():
        known = before.token if before is not None else _opened(services.cursors, viewer_id, request)[0]
        narrow: Quiet | Scope | None = None
        if before is None and request.token is not None:
            narrow = await _narrow(services, viewer_id, request, known)
            first = narrow or await _quiet(services, viewer_id, request, known)
            if isinstance(first, Quiet):
                return first
        scope, cursors = (narrow, services.cursors) if isinstance(narrow, Scope) else await _scope(services, viewer_id, request)
        token, reason = _opened(cursors, viewer_id, request, known)
        state = token.state() if token is not None else None
        if state is not None and (gone_back := scope.behind(state)):
            # Signed here in this epoch, yet beyond what is stored: the database lost what it had acknowledged.
            await services.lineage.rewound(f"a sync token of user {viewer_id} is ahead: {gone_back}")
            scope, cursors = await _scope(services, viewer_id, request)
            token, state, reason = None, None, SyncResetReason.HISTORY_REWRITTEN
        try:
            draft = await drafted(services.db, services.changes, scope, state, limit=request.limit)
        except Unusable as unusable:
            token, reason = None, unusable.reason
            if not scope.whole:
                scope, cursors = await _scope(services, viewer_id, request)
            draft = await drafted(services.db, services.changes, scope, None, limit=request.limit)
    return Found(scope, cursors, draft, token, reason)


async def _narrow(services: Services, viewer_id: int, request: SyncRequest, token: SyncToken | None) -> Quiet | Scope | None:
    """Return what the heads of the channels that are named tell, None where more of the viewer's has to be read.

    Who belongs to many channels and shows a few has a token that no pulse equals. While their inbox, which logs what they join
    and leave, is as the token has it, the other channels need not be read.
    """
    if token is None or token.mark is not None or not request.named or len(request.named) > FEW:
        return None
    state = token.state()
    places = {key: state.places.get(key) for key in request.named}
    if state.within or state.rest is not None or any(place is None or place.read is None for place in places.values()):
        return None
    index = services.read_index
    inbox, found = await gather(index.inbox(viewer_id), gather(*(index.channel(key, viewer_id) for key in places)))
    heads = {head.channel_id: head for head in found if head is not None and head.role is not None}
    epochs = {services.cursors.epoch_hex, token.epoch_hex, inbox.epoch_hex, *(head.epoch_hex for head in heads.values())}
    if len(epochs) > 1 or len(heads) < len(places) or inbox.last_log != state.log:
        return None
    if all(place == place_of(heads[key]) for key, place in places.items()):
        return Quiet(token, inbox, request.named, heads)
    scope = Scope(ViewerHeads(inbox, heads), {}, request.named, whole=False)
    return None if scope.behind(state) else scope


async def _quiet(services: Services, viewer_id: int, request: SyncRequest, known: SyncToken | None) -> Quiet | None:
    """Return that nothing is new, if the pulse says so and the token names all that a wait would have to watch."""
    if known is not None and known.mark is None:
        return None
    pulse = await services.read_index.pulse(viewer_id)
    token, _ = _opened(services.cursors, viewer_id, request, known)
    if token is None or (token.log, token.mark) != (pulse.inbox.last_log, pulse.mark):
        return None
    if request.named is not None or request.wait_ms:
        state = token.state()
        if request.named is None and state.rest is not None:
            return None
        if any(key not in state.places or state.places[key].read is None for key in request.named or ()):
            return None
    return Quiet(token, pulse.inbox, request.named, {})


async def _scope(services: Services, viewer_id: int, request: SyncRequest) -> tuple[Scope, CursorCodec]:
    """Return the heads that a page is made under, and the cursors of their epoch. Raises Unavailable."""
    for _ in range(ATTEMPTS):
        viewer = await services.read_index.viewer(viewer_id)
        others = [key for key in request.named or () if key not in viewer.channels]
        heads = await gather(*(services.read_index.channel(key, viewer_id) for key in others)) if others else ()
        watched: dict[int, ChannelHead] = {head.channel_id: head for head in heads if head is not None and head.visible}
        cursors = services.cursors
        epoch_hex = cursors.epoch_hex
        if viewer.inbox.epoch_hex == epoch_hex and all(head.epoch_hex == epoch_hex for head in watched.values()):
            return Scope(viewer, watched, request.named), cursors
    raise Unavailable


def _opened(
    cursors: CursorCodec, viewer_id: int, request: SyncRequest, known: SyncToken | None = None
) -> tuple[SyncToken | None, SyncResetReason | None]:
    """Return the token, or why it cannot be continued; neither where none was given. `known` was opened for this viewer."""
    if request.token is None:
        return None, None
    if known is not None and known.text == request.token and known.epoch_hex == cursors.epoch_hex:
        return known, None
    try:
        return open_token(cursors, viewer_id, request.token), None
    except Unusable as unusable:
        return None, unusable.reason
