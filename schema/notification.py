"""Notification: something a user should know of."""

import strawberry
from graphql import GraphQLResolveInfo

from realtime.pacing import Interval
from resolvers import notification as notifications
from resolvers import polling
from resolvers.context import Context
from resolvers.message import MessageView
from resolvers.notification import NotificationPage, NotificationView
from schema import enums  # noqa: F401  # publishes NotificationState
from schema.context import Info
from schema.inbox import Inbox
from schema.message import Message
from schema.node import Node
from schema.page import PageInfo
from schema.polling import PollingInterval
from schema.scalars import DateTime
from schema.user import User


@strawberry.type(description="Something its recipient should know of.")
class Notification(Node):
    type: str = strawberry.field(description="Free-form kind chosen by the sender, such as mention, reply, invite, system.")
    title: str = strawberry.field(description="One line.")
    content: str = strawberry.field(description="Plain text.")
    link: str | None = strawberry.field(description="Where to go; http or https.")
    created_at: DateTime = strawberry.field(description="When it was created.")
    seen_at: DateTime | None = strawberry.field(description="When its recipient first saw it; reading is seeing.")
    read_at: DateTime | None = strawberry.field(description="When its recipient read it.")
    archived_at: DateTime | None = strawberry.field(description="When its recipient put it away.")
    actor: User | None = strawberry.field(description="Who caused it.")

    @strawberry.field(description="What it is about. Null once the viewer may not read its channel.", graphql_type=Message | None)
    async def message(self, info: Info, root: strawberry.Parent[NotificationView]) -> MessageView | None:
        return await notifications.message_of(info.context, root)

    @classmethod
    def is_type_of(cls, value: object, _info: GraphQLResolveInfo[Context]) -> bool:
        return isinstance(value, NotificationView)


@strawberry.type(description="One notification and its place in the order.")
class NotificationEdge:
    cursor: str = strawberry.field(description="Stays valid when the notification is read or archived.")
    node: Notification = strawberry.field(description="The notification.")


@strawberry.type(
    description="Newest first. `last` with `before` pages towards the newer; a cursor stays valid when its notification is "
    "read or archived."
)
class NotificationConnection:
    edges: list[NotificationEdge] = strawberry.field(description="Notifications with their cursors.")
    nodes: list[Notification] = strawberry.field(description="Notifications without their cursors.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    inbox: Inbox = strawberry.field(description="The viewer's inbox.")

    @strawberry.field(description="True while the newest unread notification is less than 30 s old.")
    async def has_new(self, info: Info, root: strawberry.Parent[NotificationPage]) -> bool:
        return await notifications.has_new(info.context, root.head)

    @strawberry.field(description="As inbox.unseenCount.")
    def unseen_count(self, root: strawberry.Parent[NotificationPage]) -> int:
        return root.inbox.unseen_count

    @strawberry.field(description="As inbox.unreadCount.")
    def unread_count(self, root: strawberry.Parent[NotificationPage]) -> int:
        return root.inbox.unread_count

    @strawberry.field(description="When to ask for notifications again.", graphql_type=PollingInterval)
    def polling_interval(self, info: Info) -> Interval:
        return polling.inbox_interval(info.context)
