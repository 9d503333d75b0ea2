"""The mutations."""

from typing import Annotated

import strawberry

from models.member import ChannelRole
from realtime.latency import EventType
from resolvers import change_message as changes
from resolvers import channel as channels
from resolvers import latency
from resolvers import manage_channel as manage
from resolvers import message as messages
from resolvers import notification as notifications
from resolvers.channel import ChannelView
from resolvers.inbox import InboxView
from resolvers.message import MessageView
from resolvers.notification import NotificationView
from schema.context import Info
from schema.inputs import (
    CreateChannelInput,
    CreateNotificationInput,
    EditMessageInput,
    ReactionInput,
    SendMessageInput,
    UpdateChannelInput,
)
from schema.latency import ReportLatencyPayload
from schema.payloads import ChannelPayload, MessagePayload, NotificationPayload, NotificationsPayload, SendMessagePayload
from schema.user_error import Outcome, outcome

_CURSOR = strawberry.argument(description="Of the last message that was read.")
_IDS = strawberry.argument(description="Ids of the viewer's notifications, at most 100; others are as if missing.")
_LATENCIES = strawberry.argument(description="One for each event, 0 or more; at most 100.")
_PEOPLE = strawberry.argument(description="Who is to belong to it; who does already stays as they are.")
_PERSON = strawberry.argument(description="The member.")
_ROLE = strawberry.argument(description="What they may do from now on.")
_TYPING = strawberry.argument(
    description="Whether to show the viewer as typing: for 6 s, or one polling interval where that is longer."
)


@strawberry.type(description="What can be changed.")
class Mutation:
    @strawberry.mutation(description="Send a message; sending also reads the channel up to it.", graphql_type=SendMessagePayload)
    async def send_message(self, info: Info, input: SendMessageInput) -> Outcome[MessageView]:  # noqa: A002  # the contract's name
        return await outcome(
            messages.send_message(
                info.context,
                channel_id=input.channel_id,
                content=input.content,
                client_message_id=input.client_message_id,
                reply_to_id=input.reply_to_id,
                mention_ids=input.mention_ids or [],
            )
        )

    @strawberry.mutation(description="Gives one of the viewer's messages new words.", graphql_type=MessagePayload)
    async def edit_message(self, info: Info, input: EditMessageInput) -> Outcome[MessageView]:  # noqa: A002  # the contract's name
        return await outcome(changes.edit(info.context, input.message_id, input.content))

    @strawberry.mutation(
        description="Leaves a tombstone in a message's place; for its author, and the channel's owners and moderators.",
        graphql_type=MessagePayload,
    )
    async def delete_message(self, info: Info, message_id: strawberry.ID) -> Outcome[MessageView]:
        return await outcome(changes.delete(info.context, message_id))

    @strawberry.mutation(
        description="Answers a message with an emoji; one that the viewer has put there already changes nothing.",
        graphql_type=MessagePayload,
    )
    async def add_reaction(self, info: Info, input: ReactionInput) -> Outcome[MessageView]:  # noqa: A002  # the contract's name
        return await outcome(changes.react(info.context, input.message_id, input.emoji))

    @strawberry.mutation(
        description="Takes the viewer's emoji back; one that is not there changes nothing.", graphql_type=MessagePayload
    )
    async def remove_reaction(self, info: Info, input: ReactionInput) -> Outcome[MessageView]:  # noqa: A002  # the contract's name
        return await outcome(changes.unreact(info.context, input.message_id, input.emoji))

    @strawberry.mutation(description="Moves the viewer's read position forward, never back.", graphql_type=ChannelPayload)
    async def mark_channel_read(
        self, info: Info, channel_id: strawberry.ID, cursor: Annotated[str, _CURSOR]
    ) -> Outcome[ChannelView]:
        return await outcome(channels.mark_read(info.context, channel_id, cursor))

    @strawberry.mutation(description="Shows the viewer as present, and as typing when asked.", graphql_type=ChannelPayload)
    async def touch_presence(
        self, info: Info, channel_id: strawberry.ID, typing: Annotated[bool, _TYPING] = False
    ) -> Outcome[ChannelView]:
        return await outcome(channels.touch_presence(info.context, channel_id, typing=typing))

    @strawberry.mutation(
        description="Opens a channel owned by the viewer; a direct channel of the same members is the same channel.",
        graphql_type=ChannelPayload,
    )
    async def create_channel(self, info: Info, input: CreateChannelInput) -> Outcome[ChannelView]:  # noqa: A002  # the contract's name
        return await outcome(
            channels.create_channel(
                info.context,
                name=input.name,
                topic=input.topic,
                kind=input.kind,
                member_ids=input.member_ids,
                client_channel_id=input.client_channel_id,
            )
        )

    @strawberry.mutation(
        description="Makes the viewer a member of a public channel, who has read it up to now.",
        graphql_type=ChannelPayload,
    )
    async def join_channel(self, info: Info, channel_id: strawberry.ID) -> Outcome[ChannelView]:
        return await outcome(channels.join(info.context, channel_id))

    @strawberry.mutation(
        description="Ends the viewer's membership. The last owner cannot leave while others remain.",
        graphql_type=ChannelPayload,
    )
    async def leave_channel(self, info: Info, channel_id: strawberry.ID) -> Outcome[ChannelView | None]:
        return await outcome(channels.leave(info.context, channel_id))

    @strawberry.mutation(description="Changes a channel's name, topic, or whether it is archived.", graphql_type=ChannelPayload)
    async def update_channel(self, info: Info, input: UpdateChannelInput) -> Outcome[ChannelView]:  # noqa: A002  # the contract's name
        work = manage.update(info.context, input.channel_id, name=input.name, topic=input.topic, archived=input.archived)
        return await outcome(work)

    @strawberry.mutation(
        description="Makes people members, who have read the channel up to now; at most 100. For owners and moderators.",
        graphql_type=ChannelPayload,
    )
    async def add_channel_members(
        self, info: Info, channel_id: strawberry.ID, user_ids: Annotated[list[strawberry.ID], _PEOPLE]
    ) -> Outcome[ChannelView]:
        return await outcome(manage.add_members(info.context, channel_id, user_ids))

    @strawberry.mutation(
        description="Ends a membership: anybody's for owners, plain members' for moderators, one's own for everybody. "
        "The last owner stays while others remain.",
        graphql_type=ChannelPayload,
    )
    async def remove_channel_member(
        self, info: Info, channel_id: strawberry.ID, user_id: Annotated[strawberry.ID, _PERSON]
    ) -> Outcome[ChannelView | None]:
        return await outcome(manage.remove_member(info.context, channel_id, user_id))

    @strawberry.mutation(description="Gives a member a role. Owners only; the last owner stays one.", graphql_type=ChannelPayload)
    async def set_channel_member_role(
        self, info: Info, channel_id: strawberry.ID, user_id: Annotated[strawberry.ID, _PERSON], role: Annotated[ChannelRole, _ROLE]
    ) -> Outcome[ChannelView]:
        return await outcome(manage.set_member_role(info.context, channel_id, user_id, role))

    @strawberry.mutation(
        description="For trusted back ends: needs the role `service` or `admin`.", graphql_type=NotificationPayload
    )
    async def create_notification(
        self,
        info: Info,
        input: CreateNotificationInput,  # noqa: A002  # the contract's name
    ) -> Outcome[tuple[NotificationView, InboxView]]:
        return await outcome(
            notifications.create(
                info.context,
                user_id=input.user_id,
                type_=input.type,
                title=input.title,
                content=input.content,
                link=input.link,
                dedupe_key=input.dedupe_key,
            )
        )

    @strawberry.mutation(description="Marks all of the viewer's notifications seen.", graphql_type=NotificationsPayload)
    async def mark_notifications_seen(self, info: Info) -> Outcome[list[NotificationView]]:
        return await outcome(notifications.mark_notifications_seen(info.context))

    @strawberry.mutation(description="Puts one of the viewer's notifications away.", graphql_type=NotificationPayload)
    async def archive_notification(
        self,
        info: Info,
        id: strawberry.ID,  # noqa: A002  # the contract's name
    ) -> Outcome[tuple[NotificationView, InboxView]]:
        return await outcome(notifications.archive(info.context, id))

    @strawberry.mutation(description="Marks some of the viewer's notifications read.", graphql_type=NotificationsPayload)
    async def mark_notifications_read(
        self, info: Info, ids: Annotated[list[strawberry.ID], _IDS]
    ) -> Outcome[list[NotificationView]]:
        return await outcome(notifications.mark_notifications_read(info.context, ids))

    @strawberry.mutation(description="Marks all of the viewer's notifications read.", graphql_type=NotificationsPayload)
    async def mark_all_notifications_read(self, info: Info) -> Outcome[list[NotificationView]]:
        return await outcome(notifications.mark_notifications_read(info.context, None))

    @strawberry.mutation(
        description="A client reports, in batches, how long events took to reach its user, in milliseconds.",
        graphql_type=ReportLatencyPayload,
    )
    async def report_latency(
        self,
        info: Info,
        type: EventType,  # noqa: A002  # the contract's name
        latencies_ms: Annotated[list[int], _LATENCIES],
    ) -> Outcome[int]:
        return await outcome(latency.report(info.context, type, latencies_ms))
