"""Notifications: pages newest first, reading them, and creating them for trusted back ends."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cache.dependencies import Level
from models import ids
from models.cursor import CursorKind
from models.errors import BadUserInput, Forbidden, InvalidCursor, NotFound
from models.head import InboxHead
from models.notification import (
    Mark,
    NewNotification,
    NotificationRecord,
    NotificationState,
    mark,
    newest_unread_us,
    notifications_at,
    notifications_page,
)
from models.read_watch import declared
from models.text import bounded, written
from resolvers.context import SERVICE_ROLES, Context
from resolvers.inbox import InboxView
from resolvers.message import MessageView, find_message
from resolvers.paging import Connection, Edge, PageInfo, PageRequest
from resolvers.user import UserView, users

DEFAULT_PAGE = 20
NEW_FOR_S = 30
MAX_MARKED = 100
LONGEST = {"type": 50, "title": 200, "content": 2000, "link": 2000, "dedupeKey": 200}
# The place before everything in newest-first order: an empty inbox's end cursor, valid for ever.
VERY_START = (1 << 62) - 1


@dataclass(frozen=True, slots=True)
class NotificationView:
    """A notification as its recipient sees it. Times are microseconds since 1970."""

    record: NotificationRecord
    id: str
    type: str
    title: str
    content: str
    link: str | None
    created_at: int
    seen_at: int | None
    read_at: int | None
    archived_at: int | None
    actor: UserView | None


@dataclass(frozen=True, slots=True)
class NotificationPage(Connection[NotificationView]):
    """A page, and the inbox it was read under."""

    inbox: InboxView
    head: InboxHead


async def notifications(ctx: Context, states: Sequence[NotificationState], request: PageRequest) -> NotificationPage:
    """Return a page of the viewer's notifications in any of `states`, newest first; by default the newest 20.

    Raises InvalidCursor, Unavailable.
    """
    head = await ctx.inbox()
    # Nothing beyond the head: the counts that come with the page are the head's.
    below = min(await _number(ctx, head, request.after) if request.after is not None else VERY_START, head.last_number + 1)
    above = await _number(ctx, head, request.before) if request.before is not None else None
    size = request.size(DEFAULT_PAGE)
    # Alone, `before` asks for what came next, as a poll for news does.
    backward = request.backward or (request.first is None and above is not None and request.after is None)
    found: list[NotificationRecord] = []
    if not _surely_empty(head, states, above):
        ctx.depends.reached(Level.STORE)
        with declared():  # the inbox's head covers it
            found = await notifications_page(
                ctx.services.db, head.user_id, states, below=below, above=above, limit=size + 1, newest=not backward
            )
    if backward:
        ctx.depends.brings(found)
    page = found[-size:] if backward else found[:size]
    views = await notification_views(ctx, page)
    cursors = [_cursor(ctx, view.record.number) for view in views]
    more = len(found) > size
    info = PageInfo(
        has_next_page=above is not None if backward else more,
        has_previous_page=more if backward else request.after is not None,
        start_cursor=cursors[0] if cursors else request.before,
        end_cursor=cursors[-1] if cursors else request.after or _cursor(ctx, VERY_START),
    )
    edges = [Edge(cursor, view) for cursor, view in zip(cursors, views, strict=True)]
    return NotificationPage(edges, info, InboxView(head), head)


async def has_new(ctx: Context, head: InboxHead) -> bool:
    """Return whether the newest unread notification is less than 30 s old."""
    if not head.unread:
        return False
    with declared():  # the inbox's head covers it
        newest_us = await newest_unread_us(ctx.services.db, head.user_id)
    left_us = 0 if newest_us is None else newest_us + NEW_FOR_S * 1_000_000 - ctx.services.clock()
    if left_us > 0:
        ctx.depends.ends(time.monotonic() + left_us / 1_000_000)
    return left_us > 0


async def find_notification(ctx: Context, node: ids.NotificationId) -> NotificationView | None:
    """Return one of the viewer's notifications by node id; anybody else's is as if missing."""
    if node.user_id != ctx.viewer.user_id:
        return None
    await ctx.inbox()
    with declared():
        found = await notifications_at(ctx.services.db, node.user_id, [node.number])
    return (await notification_views(ctx, found))[0] if found else None


async def message_of(ctx: Context, view: NotificationView) -> MessageView | None:
    """Return the message a notification is about, None once the viewer may not read its channel."""
    record = view.record
    if record.channel_id is None or record.seq is None:
        return None
    return await find_message(ctx, record.channel_id, record.seq)


async def mark_notifications_read(ctx: Context, node_ids: Sequence[str] | None) -> list[NotificationView]:
    """Mark the viewer's notifications read, all for None; returns those that changed, newest first, at most 100."""
    return await _mark(ctx, Mark.READ, None if node_ids is None else _own_numbers(ctx, node_ids))


async def mark_notifications_seen(ctx: Context) -> list[NotificationView]:
    """Mark all of the viewer's notifications seen; returns those that were not, newest first, at most 100."""
    return await _mark(ctx, Mark.SEEN, None)


async def archive(ctx: Context, node_id: str) -> tuple[NotificationView, InboxView]:
    """Put one of the viewer's notifications away; returns it and their inbox. Raises NotFound for anybody else's."""
    numbers = _own_numbers(ctx, [node_id])
    await _mark(ctx, Mark.ARCHIVED, numbers)
    found = await notifications_at(ctx.services.db, ctx.viewer.user_id, numbers)
    if not found:
        raise NotFound
    return (await notification_views(ctx, found))[0], InboxView(await ctx.inbox())


async def create(
    ctx: Context, *, user_id: str, type_: str, title: str, content: str, link: str | None, dedupe_key: str | None
) -> tuple[NotificationView, InboxView]:
    """Notify a user, seen before or not; returns the notification and the recipient's inbox.

    Raises Forbidden without the role service or admin, Mistake, BadUserInput, Unavailable.
    """
    if not ctx.viewer.roles & SERVICE_ROLES:
        raise Forbidden
    node = ids.decode(user_id)
    if not isinstance(node, ids.UserId):
        raise BadUserInput("userId is not the id of a user.")
    new = NewNotification(
        type=bounded(type_, longest=LONGEST["type"], field="type"),
        title=bounded(title, longest=LONGEST["title"], field="title"),
        content=written(content, longest=LONGEST["content"], field="content"),
        link=_web_link(link),
        actor_id=None,
        dedupe_key=None if dedupe_key is None else bounded(dedupe_key, longest=LONGEST["dedupeKey"], field="dedupeKey"),
    )
    record = await ctx.services.notifications.notify(node.hash_hex, new)
    ctx.mutated()
    return (await notification_views(ctx, [record]))[0], InboxView(await ctx.services.read_index.inbox(record.user_id))


async def _mark(ctx: Context, what: Mark, numbers: Sequence[int] | None) -> list[NotificationView]:
    user_id = ctx.viewer.user_id
    changed = await mark(ctx.services.db, user_id, what, numbers, ctx.services.clock())
    ctx.mutated()
    return await notification_views(ctx, await notifications_at(ctx.services.db, user_id, changed[:MAX_MARKED]))


def _own_numbers(ctx: Context, node_ids: Sequence[str]) -> list[int]:
    if len(node_ids) > MAX_MARKED:
        raise BadUserInput(f"At most {MAX_MARKED} ids at once.")
    nodes = [ids.decode(text) for text in node_ids]
    if not all(isinstance(node, ids.NotificationId) for node in nodes):
        raise BadUserInput("ids holds an id that is not a notification's.")
    return [node.number for node in nodes if isinstance(node, ids.NotificationId) and node.user_id == ctx.viewer.user_id]


async def notification_views(ctx: Context, records: Sequence[NotificationRecord]) -> list[NotificationView]:
    """Return notifications with the people who caused them."""
    people = await users(ctx, {record.actor_id for record in records if record.actor_id is not None}) if records else {}
    ctx.depends.notified_us = max((ctx.depends.notified_us, *(record.created_us for record in records)))
    return [
        NotificationView(
            record=record,
            id=ids.encode(ids.NotificationId(record.user_id, record.number)),
            type=record.type,
            title=record.title,
            content=record.content,
            link=record.link,
            created_at=record.created_us,
            seen_at=record.seen_us,
            read_at=record.read_us,
            archived_at=record.archived_us,
            actor=people.get(record.actor_id) if record.actor_id is not None else None,
        )
        for record in records
    ]


def _surely_empty(head: InboxHead, states: Sequence[NotificationState], above: int | None) -> bool:
    """Whether the head alone says that there is nothing, as for most polls."""
    counts = {NotificationState.UNSEEN: head.unseen, NotificationState.UNREAD: head.unread}
    none_in_state = bool(states) and not any(counts.get(state, head.last_number) for state in states)
    return head.last_number == 0 or none_in_state or (above is not None and above >= head.last_number)


def _cursor(ctx: Context, number: int) -> str:
    return ctx.services.cursors.encode(CursorKind.NOTIFICATIONS, ctx.viewer.user_id, number)


async def _number(ctx: Context, head: InboxHead, cursor: str) -> int:
    (number,) = ctx.services.cursors.decode(CursorKind.NOTIFICATIONS, ctx.viewer.user_id, cursor)
    if head.last_number < number < VERY_START:
        await ctx.services.lineage.rewound(f"a cursor of inbox {head.user_id} is at {number}, its head at {head.last_number}")
        raise InvalidCursor(reset=True)
    return number


def _web_link(link: str | None) -> str | None:
    """Return the link. Raises BadUserInput unless it is http(s), Mistake where it is too long."""
    if link is None:
        return None
    checked = bounded(link, longest=LONGEST["link"], field="link")
    if urlsplit(checked).scheme not in ("http", "https"):
        raise BadUserInput("link must begin with http:// or https://.")
    return checked
