"""Channels of each kind with everybody of the table in and around them, and what only who sees them may read."""

import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from models import ids
from tests.api.managing import REMOVE, SET_ROLE
from tests.asking import CREATE, Api, token
from tests.authorization.table import PEOPLE

# In nothing that is public.
SECRET = "ultramarine"
_numbers = count()
UNKNOWN = {
    "channel": ids.encode(ids.ChannelId(1 << 40)),
    "message": ids.encode(ids.MessageId(1 << 40, 2)),
    "membership": ids.encode(ids.MemberId(1 << 40, 1)),
}


@dataclass
class Place:
    """A channel of one kind; `names` are its ids by what a query calls them."""

    api: Api
    kind: str
    names: dict[str, str] = field(default_factory=dict)

    async def ask(
        self, selection: str, who: str, names: dict[str, str] | None = None, *, etag: str | None = None
    ) -> tuple[int, bytes, str | None]:
        """Return status, body and tag of the answer to a query that uses ids of the place by their names."""
        given = names or self.names
        used = [name for name in given if re.search(rf"\${name}\b", selection)]
        types = ", ".join(f"${name}: {'String' if name == 'cursor' else 'ID'}!" for name in used)
        query = f"query({types}) {{ {selection} }}" if used else f"{{ {selection} }}"
        headers = {"Authorization": f"Bearer {bearer(who)}", **({"If-None-Match": etag} if etag is not None else {})}
        payload = {"query": query, "variables": {name: given[name] for name in used}}
        response = await self.api.client.post("/graphql", json=payload, headers=headers)
        return response.status, await response.read(), response.headers.get("ETag")

    def as_if_missing(self) -> dict[str, str]:
        """Return the names of a place that there is not."""
        return {**self.names, **UNKNOWN}


def bearer(who: str) -> str:
    """Return the token of somebody of the table."""
    return token(who, roles=["service", "admin"] if who == "service" else [])


async def place(api: Api, kind: str, *, again: bool = False) -> Place:
    """Make a channel: two messages, one a reply that mentions people, and a reaction. `again` where everybody was seen."""
    for who in () if again else PEOPLE:
        await api.ask("{ viewer { id } }", who=who, **_roles(who))
    people = {who: ids.encode(ids.UserId(ids.user_hash_hex("", who))) for who in PEOPLE}
    members = ["member"] if kind == "DIRECT" else ["moderator", "member", "former"]
    given: dict[str, Any] = {"kind": kind, "memberIds": [people[who] for who in members]}
    if kind != "DIRECT":
        given |= {"name": f"{SECRET} {next(_numbers)}", "topic": SECRET}
    made = await api.ask(CREATE, {"i": given}, who="owner")
    channel = str(made["channel"]["id"])
    mentioned = [people[who] for who in members]
    first = await api.send(channel, f"{SECRET} one", who="member", mentionIds=mentioned)
    second = await api.send(channel, f"{SECRET} two", who="owner", replyToId=first["id"], mentionIds=mentioned)
    react = "mutation($i: ReactionInput!) { addReaction(input: $i) { userErrors { code } } }"
    await api.ask(react, {"i": {"messageId": second["id"], "emoji": "👍"}}, who="member")
    if kind != "DIRECT":
        await api.ask(SET_ROLE, {"c": channel, "u": people["moderator"], "r": "MODERATOR"}, who="owner")
        await api.ask(REMOVE, {"c": channel, "u": people["former"]}, who="owner")
    listed = "query($c: ID!) { channel(id: $c) { members(first: 1) { nodes { id } } } }"
    membership = (await api.ask(listed, {"c": channel}, who="owner"))["members"]["nodes"][0]["id"]
    names = {"channel": channel, "message": second["id"], "mine": first["id"], "membership": membership, "cursor": first["cursor"]}
    return Place(api, kind, {**names, "stranger": people["stranger"], "member": people["member"]})


def _roles(who: str) -> dict[str, Any]:
    return {"roles": ["service", "admin"]} if who == "service" else {}
