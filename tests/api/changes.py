"""What people may do between two questions, as Hypothesis chooses it; and the mutation that does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, assert_never

from hypothesis import strategies as st

from tests.api.managing import ADD, REMOVE, SET_ROLE, UPDATE
from tests.asking import CREATE, JOIN, REACT, SEND, UNREACT

CHANNELS = ("public", "private", "direct", "elsewhere", "hidden")

# By whom a change is about, so that a few people use a few emoji.
EMOJI = {"ann": "👍", "bob": "❤️", "cid": "👩‍👩‍👧"}


class Kind(Enum):
    SEND = "send"
    EDIT = "edit"
    DELETE = "delete"
    REACT = "react"
    UNREACT = "take a reaction back"
    READ = "read"
    JOIN = "join"
    LEAVE = "leave"
    OPEN = "open"
    UPDATE = "change the channel"
    CLOSE = "close"
    REOPEN = "open again"
    ADD = "add"
    REMOVE = "remove"
    PROMOTE = "promote"
    DEMOTE = "demote"
    RENAME = "rename"
    NOTIFY = "notify"
    MARK_SEEN = "mark seen"
    MARK_READ = "mark read"
    MARK_ALL_READ = "mark all read"
    ARCHIVE = "archive"
    TYPE = "type"
    WAIT = "wait"


@dataclass(frozen=True)
class Place:
    """A message of a channel."""

    channel: str
    seq: int


@dataclass(frozen=True)
class Change:
    """Somebody's doing, at a place; `seconds` and `load` are of waiting alone."""

    kind: Kind
    who: str
    place: Place
    whom: str = "bob"
    seconds: float = 0.0
    load: float = 0.0

    def operation(self, names: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """Return the mutation and its variables."""
        channel, message = names[f"<{self.place.channel}>"], names[f"<{self.place.channel} {self.place.seq} id>"]
        match self.kind:
            case Kind.SEND:
                to = {"mentionIds": [names[f"<{self.whom}>"]], "replyToId": message}
                return SEND, {"i": {"channelId": channel, "content": f"said by {self.who}", **to}}
            case Kind.EDIT:
                given = {"messageId": message, "content": f"edited by {self.who}"}
                return "mutation($i: EditMessageInput!) { editMessage(input: $i) { message { content } } }", {"i": given}
            case Kind.DELETE:
                return "mutation($m: ID!) { deleteMessage(messageId: $m) { message { id } } }", {"m": message}
            case Kind.REACT:
                return REACT, {"i": {"messageId": message, "emoji": EMOJI[self.whom]}}
            case Kind.UNREACT:
                return UNREACT, {"i": {"messageId": message, "emoji": EMOJI[self.whom]}}
            case Kind.READ:
                cursor = names[f"<{self.place.channel} {self.place.seq}>"]
                read = "mutation($c: ID!, $t: String!) { markChannelRead(channelId: $c, cursor: $t) { channel { unreadCount } } }"
                return read, {"c": channel, "t": cursor}
            case Kind.JOIN:
                return JOIN, {"c": channel}
            case Kind.LEAVE:
                return "mutation($c: ID!) { leaveChannel(channelId: $c) { channel { id } } }", {"c": channel}
            case Kind.OPEN:
                return CREATE, {"i": {"name": "one more room", "kind": "PRIVATE", "memberIds": [names[f"<{self.whom}>"]]}}
            case Kind.UPDATE:
                return UPDATE, {"i": {"channelId": channel, "topic": f"as {self.who} likes it"}}
            case Kind.CLOSE | Kind.REOPEN:
                return UPDATE, {"i": {"channelId": channel, "archived": self.kind is Kind.CLOSE}}
            case Kind.ADD:
                return ADD, {"c": channel, "u": [names[f"<{self.whom}>"]]}
            case Kind.REMOVE:
                return REMOVE, {"c": channel, "u": names[f"<{self.whom}>"]}
            case Kind.PROMOTE | Kind.DEMOTE:
                role = "MODERATOR" if self.kind is Kind.PROMOTE else "MEMBER"
                return SET_ROLE, {"c": channel, "u": names[f"<{self.whom}>"], "r": role}
            case Kind.NOTIFY:
                given = {"userId": names[f"<{self.whom}>"], "type": "system", "title": "news", "content": "more"}
                return "mutation($i: CreateNotificationInput!) { createNotification(input: $i) { inbox { id } } }", {"i": given}
            case Kind.MARK_SEEN:
                return "mutation { markNotificationsSeen { inbox { id } } }", {}
            case Kind.MARK_READ:
                ids = [names["<notification>"], names["<other notification>"]]
                return "mutation($i: [ID!]!) { markNotificationsRead(ids: $i) { inbox { id } } }", {"i": ids}
            case Kind.MARK_ALL_READ:
                return "mutation { markAllNotificationsRead { inbox { id } } }", {}
            case Kind.ARCHIVE:
                archive = "mutation($i: ID!) { archiveNotification(id: $i) { inbox { id } } }"
                return archive, {"i": names["<notification>"]}
            case Kind.TYPE:
                touch = "mutation($c: ID!) { touchPresence(channelId: $c, typing: true) { channel { id } } }"
                return touch, {"c": channel}
            case Kind.RENAME | Kind.WAIT:
                raise ValueError(f"{self.kind} is no mutation")
            case _:
                assert_never(self.kind)


def changes() -> st.SearchStrategy[Change]:
    """What may happen, most of it where several people see it."""
    return st.builds(
        Change,
        st.sampled_from(list(Kind)),
        st.sampled_from(("ann", "bob", "cid")),
        st.builds(Place, st.sampled_from(("public", "public", "public", *CHANNELS)), st.sampled_from((1, 2))),
        st.sampled_from(("ann", "bob", "cid")),
        st.sampled_from((1.0, 7.0, 31.0)),
        st.sampled_from((0.0, 0.5, 0.95)),
    )
