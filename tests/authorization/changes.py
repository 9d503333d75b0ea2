"""What each is answered who asks for a change, by the kind of channel: None where it is made."""

from typing import NamedTuple

from tests.authorization.table import PEOPLE

Answers = tuple[str | None, ...]

_NM, _NF, _NA = "NOT_A_MEMBER", "NOT_FOUND", "NOT_ALLOWED"


class Change(NamedTuple):
    """A mutation with its arguments, and the answers to those of PEOPLE, in their order, in each kind of channel.

    `$other` is the member's own id for who acts on a member, `$mine` a message of the member.
    """

    asked: str
    public: Answers
    private: Answers
    direct: Answers


# stranger, former, member, moderator, owner, service
_MEMBERS = Change("", (_NM, _NM, None, None, None, _NM), (_NF, _NF, None, None, None, _NF), (_NF, _NF, None, _NF, None, _NF))
_KEEPERS = Change("", (_NM, _NM, _NA, None, None, _NM), (_NF, _NF, _NA, None, None, _NF), (_NF, _NF, _NA, _NF, _NA, _NF))
_OWNERS = Change("", (_NM, _NM, _NA, _NA, None, _NM), (_NF, _NF, _NA, _NA, None, _NF), (_NF, _NF, _NA, _NF, _NA, _NF))
_AUTHOR = Change(
    "",
    (_NM, _NM, None, "NOT_THE_AUTHOR", "NOT_THE_AUTHOR", _NM),
    (_NF, _NF, None, "NOT_THE_AUTHOR", "NOT_THE_AUTHOR", _NF),
    (_NF, _NF, None, _NF, "NOT_THE_AUTHOR", _NF),
)

IN_CHANNELS: dict[str, Change] = {
    "sendMessage": _MEMBERS._replace(asked='input: {channelId: $channel, content: "words", replyToId: $message}'),
    "editMessage": _AUTHOR._replace(asked='input: {messageId: $mine, content: "other words"}'),
    "deleteMessage": Change(
        "messageId: $mine",
        (_NM, _NM, None, None, None, _NM),
        (_NF, _NF, None, None, None, _NF),
        (_NF, _NF, None, _NF, "NOT_THE_AUTHOR", _NF),
    ),
    "addReaction": _MEMBERS._replace(asked='input: {messageId: $message, emoji: "🎉"}'),
    "removeReaction": _MEMBERS._replace(asked='input: {messageId: $message, emoji: "👍"}'),
    "markChannelRead": _MEMBERS._replace(asked="channelId: $channel, cursor: $cursor"),
    "touchPresence": _MEMBERS._replace(asked="channelId: $channel, typing: true"),
    "updateChannel": _KEEPERS._replace(asked='input: {channelId: $channel, topic: "another"}'),
    "joinChannel": Change(
        "channelId: $channel",
        (None,) * len(PEOPLE),
        (_NF, _NF, None, None, None, _NF),
        (_NF, _NF, None, _NF, None, _NF),
    ),
    "leaveChannel": Change(
        "channelId: $channel",
        (_NM, _NM, None, None, "LAST_OWNER", _NM),
        (_NF, _NF, None, None, "LAST_OWNER", _NF),
        (_NF, _NF, _NA, _NF, _NA, _NF),
    ),
    "addChannelMembers": _KEEPERS._replace(asked="channelId: $channel, userIds: [$stranger]"),
    # The member removes themselves.
    "removeChannelMember": Change(
        "channelId: $channel, userId: $member",
        (_NM, _NM, None, None, None, _NM),
        (_NF, _NF, None, None, None, _NF),
        (_NF, _NF, _NA, _NF, _NA, _NF),
    ),
    "setChannelMemberRole": _OWNERS._replace(asked="channelId: $channel, userId: $member, role: OWNER"),
}

# Mutations that are about no channel: by role of the token, and of one's own notifications alone (test_own.py).
BY_TOKEN = {"createNotification": 'input: {userId: $stranger, type: "t", title: "t", content: "c"}'}
OF_ONES_OWN = (
    "createChannel",
    "markNotificationsSeen",
    "markNotificationsRead",
    "markAllNotificationsRead",
    "archiveNotification",
    "reportLatency",
)
