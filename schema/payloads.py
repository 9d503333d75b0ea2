"""What mutations give back: what they made or changed, and the user's mistakes."""

import strawberry

from resolvers import inbox as inboxes
from resolvers.channel import ChannelView
from resolvers.inbox import InboxView
from resolvers.message import MessageView
from resolvers.notification import NotificationView
from resolvers.paging import Edge
from schema.channel import Channel
from schema.context import Info
from schema.inbox import Inbox
from schema.message import Message, MessageEdge
from schema.notification import Notification
from schema.user_error import Outcome, UserError

_USER_ERRORS = "Empty when it was done."


@strawberry.type(description="What sendMessage did.")
class SendMessagePayload:
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)

    @strawberry.field(description="The message as stored; null when refused.", graphql_type=Message | None)
    def message(self, root: strawberry.Parent[Outcome[MessageView]]) -> MessageView | None:
        return root.value

    @strawberry.field(description="The message with its cursor; null when refused.", graphql_type=MessageEdge | None)
    def message_edge(self, root: strawberry.Parent[Outcome[MessageView]]) -> Edge[MessageView] | None:
        return Edge(root.value.cursor, root.value) if root.value is not None else None


@strawberry.type(description="What a change of a message did.")
class MessagePayload:
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)

    @strawberry.field(description="The message as it is now; null when refused.", graphql_type=Message | None)
    def message(self, root: strawberry.Parent[Outcome[MessageView]]) -> MessageView | None:
        return root.value


@strawberry.type(description="What a change of a channel or membership did.")
class ChannelPayload:
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)

    @strawberry.field(
        description="The channel as it is now; null when refused, or when the viewer may no longer see it.",
        graphql_type=Channel | None,
    )
    def channel(self, root: strawberry.Parent[Outcome[ChannelView]]) -> ChannelView | None:
        return root.value


@strawberry.type(description="What a change of one notification did.")
class NotificationPayload:
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)

    @strawberry.field(description="The notification as it is now; null when refused.", graphql_type=Notification | None)
    def notification(self, root: strawberry.Parent[Outcome[tuple[NotificationView, InboxView]]]) -> NotificationView | None:
        return root.value[0] if root.value is not None else None

    @strawberry.field(description="The recipient's; null when refused.", graphql_type=Inbox | None)
    def inbox(self, root: strawberry.Parent[Outcome[tuple[NotificationView, InboxView]]]) -> InboxView | None:
        return root.value[1] if root.value is not None else None


@strawberry.type(description="What a change of several notifications did.")
class NotificationsPayload:
    user_errors: list[UserError] = strawberry.field(description=_USER_ERRORS)

    @strawberry.field(description="Those that changed, newest first, at most 100.", graphql_type=list[Notification])
    def notifications(self, root: strawberry.Parent[Outcome[list[NotificationView]]]) -> list[NotificationView]:
        return root.value or []

    @strawberry.field(description="The viewer's.", graphql_type=Inbox)
    async def inbox(self, info: Info) -> InboxView:
        return await inboxes.inbox(info.context)
