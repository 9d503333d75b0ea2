"""The queries."""

from typing import Annotated

import strawberry

from models.notification import NotificationState
from realtime.latency import EventType
from realtime.pacing import ClientActivity, Interval
from resolvers import channel as channels
from resolvers import inbox as inboxes
from resolvers import latency as latencies
from resolvers import message_page as pages
from resolvers import message_search as search
from resolvers import node as anything
from resolvers import notification as notifications
from resolvers import polling
from resolvers import sync as syncing
from resolvers import user as users
from resolvers.channel import ChannelView
from resolvers.inbox import InboxView
from resolvers.latency import MetricsView
from resolvers.message import MessageView, channel_key
from resolvers.message_page import MessagePage
from resolvers.node import NodeView
from resolvers.notification import NotificationPage
from resolvers.paging import Connection, PageRequest
from resolvers.sync_page import SyncPage as Page
from resolvers.sync_request import sync_request
from resolvers.user import UserView
from schema.arguments import Activity, ChannelIds, Limit, Token, is_given
from schema.channel import After, Before, Channel, ChannelConnection, First, Last
from schema.context import Info
from schema.inbox import Inbox
from schema.latency import RealtimeMetrics
from schema.message import MessageConnection, MessageSearchConnection
from schema.node import Node
from schema.notification import NotificationConnection
from schema.polling import PollingInterval
from schema.sync import SyncPage
from schema.user import User, UserConnection

_WAIT_MS = strawberry.argument(description="How long the answer may be held; 0 to 30000.")
_IDS = strawberry.argument(description="Node ids, at most 100.")


@strawberry.type(description="What can be asked. Fields that may fail are nullable, so that the others of a poll stay whole.")
class Query:
    @strawberry.field(
        description="Null, without an error, for what the viewer cannot see; the same as for what does not exist.",
        graphql_type=Node | None,
    )
    async def node(self, info: Info, id: strawberry.ID) -> NodeView | None:  # noqa: A002  # the contract's name
        return await anything.node(info.context, id)

    @strawberry.field(description="As `node`, in the order of the ids.", graphql_type=list[Node | None])
    async def nodes(self, info: Info, ids: Annotated[list[strawberry.ID], _IDS]) -> list[NodeView | None]:
        return await anything.nodes(info.context, ids)

    @strawberry.field(description="The bearer of the token.", graphql_type=User)
    async def viewer(self, info: Info) -> UserView:
        return await users.viewer(info.context)

    @strawberry.field(description="The counts of the viewer's notifications.", graphql_type=Inbox)
    async def inbox(self, info: Info) -> InboxView:
        return await inboxes.inbox(info.context)

    @strawberry.field(description="Null where the viewer cannot see it.", graphql_type=Channel | None)
    async def channel(self, info: Info, id: strawberry.ID) -> ChannelView | None:  # noqa: A002  # the contract's name
        return await channels.find_channel(info.context, channel_key(id))

    @strawberry.field(
        description="Channels the viewer belongs to, most recently active first.", graphql_type=ChannelConnection | None
    )
    async def channels(self, info: Info, first: First = 50, after: After = None) -> Connection[ChannelView]:
        return await channels.channels(info.context, PageRequest(first=first, after=after))

    @strawberry.field(description="Public channels whose name or topic contains `text`.", graphql_type=ChannelConnection | None)
    async def search_channels(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="In any case; all of them for an empty text.")] = "",
        first: First = 20,
        after: After = None,
    ) -> Connection[ChannelView]:
        return await channels.public_channels(info.context, text, PageRequest(first=first, after=after))

    @strawberry.field(description="People whose name contains `text`.", graphql_type=UserConnection | None)
    async def search_users(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="In any case, 1 to 100 characters.")],
        first: First = 20,
        after: After = None,
    ) -> Connection[UserView]:
        return await users.found_users(info.context, text, PageRequest(first=first, after=after))

    @strawberry.field(
        description="Messages in which each word of `text` begins a word, newest first: of a channel, or of all that the viewer "
        "belongs to. Deleted ones are not found.",
        graphql_type=MessageSearchConnection | None,
    )
    async def search_messages(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description="In any case; 1 to 100 characters, of which 10 words count.")],
        channel_id: Annotated[strawberry.ID | None, strawberry.argument(description="Any that the viewer sees.")] = None,
        first: First = 20,
        after: After = None,
    ) -> Connection[MessageView]:
        return await search.found_messages(info.context, text, channel_id, PageRequest(first=first, after=after))

    @strawberry.field(
        description="Messages of a channel, oldest first: the newest 50 at first, later what follows a cursor.",
        graphql_type=MessageConnection | None,
    )
    async def messages(
        self,
        info: Info,
        channel_id: strawberry.ID,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> MessagePage:
        return await pages.poll_messages(info.context, channel_id, PageRequest(first, after, last, before))

    @strawberry.field(description="Newest 20 without paging arguments.", graphql_type=NotificationConnection | None)
    async def unread_notifications(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> NotificationPage:
        request = PageRequest(first, after, last, before)
        return await notifications.notifications(info.context, [NotificationState.UNREAD], request)

    @strawberry.field(
        description="Notifications in any of `states`, all of them without; newest 20 without paging arguments.",
        graphql_type=NotificationConnection | None,
    )
    async def notifications(
        self,
        info: Info,
        states: Annotated[list[NotificationState] | None, strawberry.argument(description="Which ones; null for all.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> NotificationPage:
        return await notifications.notifications(info.context, states or [], PageRequest(first, after, last, before))

    @strawberry.field(
        description="When to ask again: for a channel's messages, or without one for anything.",
        graphql_type=PollingInterval | None,
    )
    async def polling_interval(
        self,
        info: Info,
        channel_id: strawberry.ID | None = None,
        activity: Activity = ClientActivity.ACTIVE,
    ) -> Interval:
        given = is_given(info, "activity")
        return await polling.polling_interval(info.context, channel_id, activity if given else None)

    @strawberry.field(
        description="What changed for the viewer since `token`. `waitMs` above 0 (at most 30000) holds the answer until something "
        "changed; it comes by waitMs + 1 s at the latest.",
        graphql_type=SyncPage | None,
    )
    async def sync(
        self,
        info: Info,
        token: Token = None,
        channel_ids: ChannelIds = None,
        wait_ms: Annotated[int | None, _WAIT_MS] = 0,
        activity: Activity = ClientActivity.ACTIVE,
        limit: Limit = 100,
    ) -> Page:
        given = activity if is_given(info, "activity") else None
        return await syncing.sync(info.context, sync_request(token, channel_ids, wait_ms, limit, given))

    @strawberry.field(description="For the roles admin and service.", graphql_type=RealtimeMetrics | None)
    async def realtime_metrics(self, info: Info, type: EventType) -> MetricsView:  # noqa: A002  # the contract's name
        return latencies.realtime_metrics(info.context, type)
