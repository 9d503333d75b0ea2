"""The draft of a sync page: which messages and notifications it holds of which channels, and what its token then covers.

Rule: every place moves exactly to what the draft holds. Channels have their turns in order of id, beginning after the
one that had the last turn, so that none waits for ever behind a busy one; what is new to the client follows, by latest
activity; channels that the token cannot name come last.
"""

from dataclasses import dataclass, field

from cache.changes import ChangedMessages
from models.cursor import CursorCodec
from models.database import Database
from models.head import ChannelHead
from models.message import MessageRecord
from models.notification import NotificationRecord, notifications_at, notifications_page
from models.sync import NO_CEILING, Backlog, Behind, behind, changed_notifications, log_since
from models.sync_token import MAX_PLACES, Place, Rest, SyncResetReason, SyncState, Unusable, shortened
from resolvers.sync_scope import Scope

NEWEST = 20
# A client that lacks more messages of a channel gets the newest, and how to read those between.
FAR = 1000
# Entries of a viewer's log that a token may be behind; more are not worth going through.
MAX_LOG_BEHIND = 100_000


@dataclass(slots=True)
class DeltaDraft:
    """What a page holds of one channel: messages that changed, and the seqs of its newest ones where it begins anew."""

    head: ChannelHead
    changed: list[MessageRecord] = field(default_factory=list)
    newest: range = range(0)
    limited: bool = False


@dataclass(slots=True)
class Draft:
    """A page in the making. `left` is how many messages and notifications may still be added."""

    state: SyncState
    left: int
    deltas: list[DeltaDraft] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    notifications: list[NotificationRecord] = field(default_factory=list)
    more: bool = False

    def token(self, cursors: CursorCodec, viewer_id: int, scope: Scope) -> str:
        """Return the token that covers the page."""
        self.state.mark = scope.viewer.mark if self._covers_all(scope) else None
        return shortened(cursors, viewer_id, self.state, lambda: self._ranked(scope))

    def _ranked(self, scope: Scope) -> list[int]:
        """Return the channels of the state, those that the token is to name first."""
        members, places = scope.viewer.channels, self.state.places
        watched = [key for key in places if key not in members]
        named = [key for key in watched if key in scope.watched]
        return [*named, *(key for key in members if key in places), *(key for key in watched if key not in named)]

    def _covers_all(self, scope: Scope) -> bool:
        state = self.state
        if not scope.whole or state.log != scope.viewer.inbox.last_log or state.within:
            return False
        beyond = {key: place_of(head) for key, head in scope.viewer.channels.items() if key not in state.places}
        if beyond and (state.rest is None or state.rest.sums != Rest.of(beyond).sums):
            return False
        return all(state.places[key] == place_of(head) for key, head in scope.viewer.channels.items() if key in state.places)


def place_of(head: ChannelHead) -> Place:
    """Return the place that covers all of a channel."""
    return Place(head.last_event, head.read_seq if head.role is not None else None)


async def drafted(db: Database, changes: ChangedMessages, scope: Scope, state: SyncState | None, *, limit: int) -> Draft:
    """Return the page that follows `state`, None for a fresh start. Raises Unusable, Unavailable."""
    if state is None and limit == 0:
        places = {key: place_of(head) for key, head in {**scope.viewer.channels, **scope.watched}.items()}
        return Draft(SyncState(log=scope.viewer.inbox.last_log, places=places), 0)
    draft = Draft(state or SyncState(), limit)
    await _lose_channels(db, draft, scope)
    places, rest = draft.state.places, draft.state.rest
    lacking = {key: head for key, head in scope.heads.items() if key not in places}
    changed = {key: head for key, head in scope.heads.items() if key in places and places[key] != place_of(head)}
    last: dict[int, ChannelHead] = {}
    if scope.named is None:
        if rest is not None:
            last, lacking = _changed_rest(scope, lacking, rest), {}
        elif len(lacking) + len(places) > MAX_PLACES:
            first = set(list(scope.viewer.channels)[:MAX_PLACES])
            last = {key: head for key, head in lacking.items() if key not in first}
            lacking = {key: head for key, head in lacking.items() if key in first}
    share = limit if not (changed or lacking or last) else max(min(limit, 1), limit // 2)
    await _add_notifications(db, draft, scope, share)
    draft.left -= len(draft.notifications)
    await _add_changes(db, changes, draft, scope, changed, limit)
    if not draft.more:
        _add_new(draft, lacking, limit)
    if not draft.more:
        _add_rest(draft, scope, last)
    draft.more = draft.more or draft.state.log != scope.viewer.inbox.last_log or bool(draft.state.within)
    return draft


async def _lose_channels(db: Database, draft: Draft, scope: Scope) -> None:
    """Take out channels that the viewer left, also where the page is narrowed to others: they have no place to keep."""
    if not scope.whole:
        return  # nobody left anything since the token
    state, members, upto = draft.state, scope.viewer.channels, scope.viewer.inbox.last_log
    gone = [key for key, place in state.places.items() if place.read is not None and key not in members]
    for key in gone:
        if key not in scope.heads:
            draft.removed.append(key)
            del state.places[key]
    if state.log is None or state.log == upto:
        return
    since = await log_since(db, scope.viewer.inbox.user_id, after=state.log, upto=upto)
    if not since.kept or upto - state.log > MAX_LOG_BEHIND:
        raise Unusable(SyncResetReason.TOKEN_EXPIRED)
    if state.rest is not None:
        unnamed = [key for key in since.left if key not in members and key not in state.places and key not in scope.heads]
        draft.removed += [key for key in dict.fromkeys(unnamed) if key not in gone]


async def _add_notifications(db: Database, draft: Draft, scope: Scope, share: int) -> None:
    state, inbox = draft.state, scope.viewer.inbox
    if state.log is None:
        state.log = inbox.last_log
        draft.notifications = await notifications_page(
            db, inbox.user_id, (), below=None, above=None, limit=min(NEWEST, share), newest=True
        )
        return
    if state.log == inbox.last_log:
        return
    found = await changed_notifications(
        db, inbox.user_id, after=state.log, within=state.within, upto=inbox.last_log, limit=share + 1
    )
    if len(found) <= share:
        state.log, state.within = inbox.last_log, 0
    elif share:
        found = found[:share]
        state.log, state.within = found[-1].entry - 1, found[-1].number
    else:
        found = []
    if found:
        records = {one.number: one for one in await notifications_at(db, inbox.user_id, [one.number for one in found])}
        draft.notifications = [records[one.number] for one in found]


async def _add_changes(
    db: Database, changes: ChangedMessages, draft: Draft, scope: Scope, changed: dict[int, ChannelHead], limit: int
) -> None:
    """Add what changed in channels that the client knows, as far as there is room, oldest change first in each."""
    state = draft.state
    order = sorted(changed, key=lambda key: (key <= state.turn, key))
    await _set_ceilings(db, state, changed)
    # A join, a rename or a read position alone brings no message.
    backlogs = tuple(
        Backlog(key, place.event, changed[key].last_event, NO_CEILING if place.ceiling is None else place.ceiling)
        for key in order
        if (place := state.places[key]).event < changed[key].last_event
    )
    found = await changes.get(scope.viewer.inbox.epoch_hex, backlogs, limit=draft.left + 1) if backlogs else []
    for key in order:
        head, place = changed[key], state.places[key]
        mine = [one for one in found if one.message.channel_id == key]
        ceiling = place.ceiling
        wanted = min(NEWEST, max(limit, 1), head.last_message) if ceiling is not None else 0
        if len(mine) + wanted <= draft.left:
            newest = range(head.last_message - wanted + 1, head.last_message + 1) if wanted else range(0)
            draft.deltas.append(DeltaDraft(head, [one.message for one in mine], newest, limited=ceiling is not None))
            draft.left -= len(mine) + wanted
            state.places[key] = place_of(head)
            continue
        draft.more = True
        state.turn = key - 1
        mine, rest = mine[: draft.left], mine[draft.left :]
        if not rest:  # only the newest are lacking, which begin the next page
            state.places[key] = place_of(head)._replace(ceiling=ceiling)
        elif mine:
            state.places[key] = Place(mine[-1].change, place_of(head).read, ceiling)
            state.turn = key
        if mine:
            draft.deltas.append(DeltaDraft(head, [one.message for one in mine]))
            draft.left -= len(mine)
        return


async def _set_ceilings(db: Database, state: SyncState, changed: dict[int, ChannelHead]) -> None:
    """Give up what lies between, in channels of which the client lacks too much."""
    far = [(key, place.event) for key, head in changed.items() if head.last_event - (place := state.places[key]).event > FAR]
    stands: dict[int, Behind] = await behind(db, far) if far else {}
    for key, of_place in stands.items():
        if not of_place.kept:
            raise Unusable(SyncResetReason.TOKEN_EXPIRED)
        if state.places[key].ceiling is None and changed[key].last_message - of_place.last_seq > FAR:
            state.places[key] = state.places[key]._replace(ceiling=of_place.last_seq)


def _add_new(draft: Draft, lacking: dict[int, ChannelHead], limit: int) -> None:
    """Add channels that the client does not know with their newest messages, each of them whole or in the next page."""
    for key, head in lacking.items():
        wanted = min(NEWEST, max(limit, 1), head.last_message)
        if wanted > draft.left:
            draft.more = True
            return
        _add_newest(draft, head, wanted)
        draft.state.places[key] = place_of(head)
        if draft.state.rest is not None:
            draft.state.rest.sums[Rest.bucket(key)] = 0  # it was counted there; without it the sum says nothing


def _add_rest(draft: Draft, scope: Scope, last: dict[int, ChannelHead]) -> None:
    """Add channels that the token cannot name, with as many of their messages as there is room for."""
    state = draft.state
    for key, head in last.items():
        _add_newest(draft, head, min(NEWEST, draft.left, head.last_message))
        state.places[key] = place_of(head)
    if state.rest is not None and scope.named is None:
        # All buckets are right now, but for the channels that are named and those just put among them.
        state.rest = Rest.of({key: place_of(head) for key, head in scope.viewer.channels.items() if key not in state.places})


def _changed_rest(scope: Scope, lacking: dict[int, ChannelHead], rest: Rest) -> dict[int, ChannelHead]:
    """Return those that the token does not name and in whose bucket something changed."""
    same = Rest.of({key: place_of(head) for key, head in lacking.items()}).same_buckets(rest)
    return {key: head for key, head in lacking.items() if Rest.bucket(key) not in same}


def _add_newest(draft: Draft, head: ChannelHead, count: int) -> None:
    newest = range(head.last_message - count + 1, head.last_message + 1) if count else range(0)
    draft.deltas.append(DeltaDraft(head, [], newest, limited=count < head.last_message))
    draft.left -= count
