"""What mutations are given."""

import strawberry

from models.channel import ChannelKind
from schema import enums  # noqa: F401  # publishes ChannelKind


@strawberry.input(description="A message to send.")
class SendMessageInput:
    channel_id: strawberry.ID = strawberry.field(description="Where to; the viewer must be a member.")
    content: str = strawberry.field(
        description="1 to 4000 characters after trimming, as people see them, in at most 16,000 bytes of UTF-8."
    )
    client_message_id: str | None = strawberry.field(
        default=None,
        description="1 to 64 characters, chosen by the client. Sending it again returns the first message; with other "
        "content, CONFLICT.",
    )
    reply_to_id: strawberry.ID | None = strawberry.field(
        default=None, description="The author of the quoted message gets a notification of type reply."
    )
    mention_ids: list[strawberry.ID] | None = strawberry.field(
        default_factory=list, description="Members to notify; each gets a notification of type mention."
    )


@strawberry.input(description="New words for a message.")
class EditMessageInput:
    message_id: strawberry.ID = strawberry.field(description="One of the viewer's own messages.")
    content: str = strawberry.field(
        description="1 to 4000 characters after trimming, as people see them, in at most 16,000 bytes of UTF-8."
    )


@strawberry.input(description="An emoji at a message.")
class ReactionInput:
    message_id: strawberry.ID = strawberry.field(description="A message of a channel that the viewer is a member of.")
    emoji: str = strawberry.field(
        description="One emoji, such as 👍, 👍🏽, 🇰🇷, 1️⃣ or 👩‍👩‍👧; ❤ and ❤️ are the same. A message has at most 20 different ones."
    )


@strawberry.input(description="A channel to open.")
class CreateChannelInput:
    name: str | None = strawberry.field(default=None, description="1 to 100 characters. Required unless DIRECT.")
    topic: str = strawberry.field(default="", description="At most 500 characters.")
    kind: ChannelKind = strawberry.field(default=ChannelKind.PUBLIC, description="Who may find, read and join it.")
    member_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Others who belong to it from the start, at most 100."
    )
    client_channel_id: str | None = strawberry.field(
        default=None,
        description="1 to 64 characters, chosen by the client. Sending it again returns the first channel.",
    )


@strawberry.input(description="What is to be different about a channel; what is not given stays.")
class UpdateChannelInput:
    channel_id: strawberry.ID = strawberry.field(description="Which one; not a direct channel.")
    name: str | None = strawberry.field(default=None, description="1 to 100 characters. For owners and moderators.")
    topic: str | None = strawberry.field(default=None, description="At most 500 characters. For owners and moderators.")
    archived: bool | None = strawberry.field(
        default=None, description="Whether it refuses all changes but this one to false. For owners."
    )


@strawberry.input(description="A notification to create.")
class CreateNotificationInput:
    user_id: strawberry.ID = strawberry.field(description="Who gets it; may be somebody never seen.")
    type: str = strawberry.field(description="Free-form kind of 1 to 50 characters.")
    title: str = strawberry.field(description="1 to 200 characters.")
    content: str = strawberry.field(description="1 to 2000 characters, as people see them, in at most 8000 bytes of UTF-8.")
    link: str | None = strawberry.field(default=None, description="http or https, at most 2000 characters.")
    dedupe_key: str | None = strawberry.field(
        default=None,
        description="The same key for the same user creates one notification, however often it is sent.",
    )
