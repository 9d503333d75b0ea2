"""What owners and moderators do, as a client asks for it; and a channel with everybody in it."""

from dataclasses import dataclass
from typing import Any

from tests.asking import Api

UPDATE = (
    "mutation($i: UpdateChannelInput!) { updateChannel(input: $i) { channel { name topic archivedAt } userErrors { code field } } }"
)
ADD = (
    "mutation($c: ID!, $u: [ID!]!) { addChannelMembers(channelId: $c, userIds: $u) {"
    " channel { memberCount } userErrors { code field } } }"
)
REMOVE = (
    "mutation($c: ID!, $u: ID!) { removeChannelMember(channelId: $c, userId: $u) {"
    " channel { memberCount } userErrors { code field } } }"
)
SET_ROLE = (
    "mutation($c: ID!, $u: ID!, $r: ChannelRole!) { setChannelMemberRole(channelId: $c, userId: $u, role: $r) {"
    " channel { id } userErrors { code field } } }"
)
DELETE = "mutation($m: ID!) { deleteMessage(messageId: $m) { message { content deletedAt } userErrors { code field } } }"
TRAIL = (
    "query($c: ID!, $f: Int, $a: String) { channel(id: $c) { auditLog(first: $f, after: $a) {"
    " nodes { kind actor { name } user { name } messageId createdAt } pageInfo { hasNextPage endCursor } } } }"
)
ROLES = ("owner", "moderator", "member", "former", "stranger")


@dataclass(frozen=True)
class Room:
    """A channel of an `owner`, a `moderator`, a `member` and a `former` member; a `stranger` never belonged to it."""

    api: Api
    channel: str
    people: dict[str, str]

    async def change(self, mutation: str, who: str, **variables: Any) -> str | None:
        """Return the code of what refused a change, None where it was done; people are given by what they are called."""
        names = {name: self.people.get(value, value) for name, value in variables.items() if isinstance(value, str)}
        lists = {name: [self.people.get(one, one) for one in value] for name, value in variables.items() if isinstance(value, list)}
        given = {**variables, **names, **lists}
        body = await self.api.answer(mutation, given if "i" in given else {"c": self.channel, **given}, who=who)
        if "errors" in body:
            return str(body["errors"][0]["extensions"]["code"])
        (payload,) = body["data"].values()
        return payload["userErrors"][0]["code"] if payload["userErrors"] else None

    async def update(self, who: str, **fields: Any) -> str | None:
        return await self.change(UPDATE, who, i={"channelId": self.channel, **fields})

    async def members(self) -> dict[str, str]:
        """Return who belongs to it, in which role."""
        listed = "query($c: ID!) { channel(id: $c) { members { nodes { role user { name } } } memberCount } }"
        found = await self.api.ask(listed, {"c": self.channel}, who="owner")
        assert found["memberCount"] == len(found["members"]["nodes"])
        return {node["user"]["name"].lower(): node["role"] for node in found["members"]["nodes"]}


async def room(api: Api, kind: str = "PUBLIC") -> Room:
    """Make a channel with everybody in it."""
    people = {who: await api.user_id(who) for who in ROLES}
    ids = [people[who] for who in ("moderator", "member", "former")]
    channel = await api.channel(owner="owner", kind=kind, memberIds=ids)
    made = Room(api, channel, people)
    assert await made.change(SET_ROLE, "owner", u="moderator", r="MODERATOR") is None
    assert await made.change(REMOVE, "owner", u="former") is None
    return made
