"""A small world to ask about: people, channels of every kind, messages in every state, notifications, and time.

Rule: what drifts by itself elsewhere, presence, load and the clock, moves here only when the test says so; the parts
are the real ones, with clocks of the test's.
"""

import os
from dataclasses import dataclass, field
from typing import Any

from cache.presence import Presence
from models import ids
from realtime.fleet import Fleet
from tests.api.changes import Change, Kind, Place
from tests.asking import CREATE, JOIN, SEND, Api, token

ANN, BOB, CID = "ann", "bob", "cid"
PEOPLE = (ANN, BOB, CID)
NOTIFY = "mutation($i: CreateNotificationInput!) { createNotification(input: $i) { notification { id } } }"
START_S = 1_000.0


@dataclass
class Time:
    """The clocks of a test: monotonic seconds, the wall clock, and the share of a core in use."""

    start_us: int
    now_s: float = START_S
    cpu_s: float = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def wall_us(self) -> int:
        return self.start_us + int((self.now_s - START_S) * 1_000_000)

    def process_time(self) -> float:
        return self.cpu_s

    def passes(self, seconds: float, *, load: float) -> None:
        """Let time pass, while a share of a core was in use."""
        self.now_s += seconds
        self.cpu_s += seconds * load


@dataclass
class World:
    """People of one example, whom no other example knows, and what is there for them to see."""

    number: int
    time: Time
    presence: Presence
    fleet: Fleet
    names: dict[str, str] = field(default_factory=dict)
    _renamed: dict[str, int] = field(default_factory=dict)

    def token(self, who: str) -> str:
        """Return the newest token of a person."""
        version = self._renamed.get(who, 0)
        name = f"{who.title()} {version}"
        return token(f"{who}{self.number}", name=name, roles=["service"] if who == ANN else [], issued_s=_issued_s(version))

    async def make(self, api: Api) -> None:
        """Let everything happen that there is to ask about."""
        for who in PEOPLE:
            self.names[f"<{who}>"] = (await self.do(api, "{ viewer { id } }", {}, who))["viewer"]["id"]
        self.names["<unseen>"] = ids.encode(ids.UserId(ids.user_hash_hex("", f"unseen{self.number}")))
        ann, bob = self.names["<ann>"], self.names["<bob>"]
        await self._channel(api, "public", ANN, name=f"room {self.number}")
        await self.do(api, JOIN, {"c": self.names["<public>"]}, BOB)
        await self._channel(api, "private", ANN, name="Room of two", kind="PRIVATE", memberIds=[bob])
        await self._channel(api, "direct", BOB, kind="DIRECT", memberIds=[ann])
        await self._channel(api, "elsewhere", CID, name=f"room elsewhere {self.number}", topic="한글")
        await self._channel(api, "hidden", CID, name="hidden", kind="PRIVATE")
        for place, writers in (("public", [ANN, BOB] * 5), ("private", [BOB, ANN]), ("direct", [ANN, BOB])):
            for seq, who in enumerate(writers, 1):
                more = {"replyToId": self.names[f"<{place} {seq - 1} id>"]} if seq in (2, 6) else {}
                mentions = {"mentionIds": [ann, bob]} if seq in (2, 5) else {}
                await self._message(api, place, seq, who, **more, **mentions)
        for place in ("elsewhere", "hidden"):
            for seq in (1, 2):
                await self._message(api, place, seq, CID)
        edit = Change(Kind.EDIT, ANN, Place("public", 3))
        delete = Change(Kind.DELETE, BOB, Place("public", 4))
        await self.change(api, edit)
        await self.change(api, delete)
        for who, seq, whom in ((ANN, 1, ANN), (BOB, 1, ANN), (BOB, 1, BOB), (ANN, 2, BOB), (BOB, 3, CID), (CID, 3, CID)):
            await self.change(api, Change(Kind.REACT, who, Place("public", seq), whom))
        await self._notifications(api)
        await self._cursors(api)

    async def change(self, api: Api, change: Change) -> None:
        """Let somebody change something, or time pass; what the server refuses changes nothing."""
        if change.kind is Kind.WAIT:
            self.time.passes(change.seconds, load=change.load)
            await self.fleet.beat()
            await self.presence.settle()
        elif change.kind is Kind.RENAME:
            self._renamed[change.who] = self._renamed.get(change.who, 0) + 1
            await self.do(api, "{ viewer { id } }", {}, change.who)
        else:
            await self.answer(api, *change.operation(self.names), change.who)

    async def do(self, api: Api, query: str, variables: dict[str, Any], who: str) -> Any:
        """Return the data of an answer that must be without errors."""
        answer = await self.answer(api, query, variables, who)
        assert "errors" not in answer, answer
        return answer["data"]

    async def answer(self, api: Api, query: str, variables: dict[str, Any], who: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token(who)}"}
        response = await api.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        answer = await response.json()
        codes = [error["extensions"]["code"] for error in answer.get("errors", ())]
        assert "INTERNAL_SERVER_ERROR" not in codes, answer
        return answer

    async def _channel(self, api: Api, place: str, owner: str, **given: Any) -> None:
        made = await self.do(api, CREATE, {"i": given}, owner)
        assert made["createChannel"]["channel"] is not None, made
        self.names[f"<{place}>"] = made["createChannel"]["channel"]["id"]
        self.names["<unknown channel>"] = ids.encode(ids.ChannelId(1 << 40))
        self.names["<unknown message>"] = ids.encode(ids.MessageId(1 << 40, 1))

    async def _message(self, api: Api, place: str, seq: int, who: str, **more: Any) -> None:
        content = f'{who} says {seq} "한글" \\ in {place}'
        sent = await self.do(api, SEND, {"i": {"channelId": self.names[f"<{place}>"], "content": content, **more}}, who)
        message = sent["sendMessage"]["message"]
        self.names[f"<{place} {seq} id>"], self.names[f"<{place} {seq}>"] = message["id"], message["cursor"]

    async def _notifications(self, api: Api) -> None:
        made = []
        for person, count in (("<bob>", 3), ("<ann>", 1), ("<unseen>", 1)):
            for number in range(count):
                given = {"userId": self.names[person], "type": "system", "title": f"title {number}", "content": "content"}
                made.append((await self.do(api, NOTIFY, {"i": given}, ANN))["createNotification"]["notification"]["id"])
        self.names["<notification>"], self.names["<other notification>"] = made[0], made[3]
        read = (
            "mutation($i: [ID!]!, $a: ID!) {"
            " markNotificationsRead(ids: $i) { inbox { id } } archiveNotification(id: $a) { inbox { id } } }"
        )
        done = await self.do(api, read, {"i": [made[0]], "a": made[1]}, BOB)
        self.names["<inbox>"] = done["archiveNotification"]["inbox"]["id"]
        self.names["<other inbox>"] = (await self.do(api, "{ inbox { id } }", {}, ANN))["inbox"]["id"]

    async def _cursors(self, api: Api) -> None:
        pages = (
            "query($c: ID!) { notifications(first: 2) { pageInfo { endCursor } } channels(first: 1) { pageInfo { endCursor } }"
            ' searchChannels(text: "room", first: 1) { pageInfo { endCursor } }'
            " channel(id: $c) { members(first: 1) { pageInfo { endCursor } nodes { id } } } }"
        )
        found = await self.do(api, pages, {"c": self.names["<public>"]}, BOB)
        members = found.pop("channel")["members"]
        self.names["<member>"] = members["nodes"][0]["id"]
        self.names["<members>"] = members["pageInfo"]["endCursor"]
        self.names["<search>"] = found.pop("searchChannels")["pageInfo"]["endCursor"]
        self.names.update({f"<{name}>": page["pageInfo"]["endCursor"] for name, page in found.items()})
        trail = "query($c: ID!) { channel(id: $c) { auditLog(first: 2) { pageInfo { endCursor } } } }"
        kept = (await self.do(api, trail, {"c": self.names["<public>"]}, ANN))["channel"]["auditLog"]
        self.names["<audit>"] = kept["pageInfo"]["endCursor"]
        tokens = "{ start: sync(limit: 0) { token } page: sync(limit: 3) { token } all: sync { token } }"
        for name, page in (await self.do(api, tokens, {}, BOB)).items():
            self.names[f"<sync {name}>"] = page["token"]


def _issued_s(version: int) -> float:
    """Return when the token of a name was issued: a later one for each further name, all of them valid today."""
    return float(os.environ["TEST_NOW_S"]) - 3600 + version
