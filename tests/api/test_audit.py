"""The trail of a channel: complete, newest first, and for those who keep order alone."""

import pytest

from tests.api.managing import ADD, DELETE, REMOVE, ROLES, SET_ROLE, TRAIL, room
from tests.asking import JOIN, Api

LEAVE = "mutation($c: ID!) { leaveChannel(channelId: $c) { userErrors { code } } }"


async def test_everything_that_is_done_is_in_the_trail_by_whom_and_to_whom(api: Api) -> None:
    made = await room(api)
    sent = await api.send(made.channel, "words", who="member")
    for done in (
        made.update("moderator", name="renamed", topic="new"),
        made.change(DELETE, "moderator", m=sent["id"]),
        made.change(JOIN, "stranger"),
        made.change(LEAVE, "stranger"),
        made.change(SET_ROLE, "owner", u="member", r="OWNER"),
        made.change(SET_ROLE, "owner", u="member", r="MEMBER"),
        made.update("owner", archived=True, topic="old"),
        made.update("owner", archived=False),
    ):
        assert await done is None
    nodes = (await api.ask(TRAIL, {"c": made.channel}, who="owner"))["auditLog"]["nodes"]
    assert [(node["kind"], node["actor"]["name"], node["user"] and node["user"]["name"]) for node in nodes] == [
        ("REOPENED", "Owner", None),
        ("ARCHIVED", "Owner", None),
        ("METADATA", "Owner", None),
        ("MADE_MEMBER", "Owner", "Member"),
        ("MADE_OWNER", "Owner", "Member"),
        ("MEMBER_LEFT", "Stranger", "Stranger"),
        ("MEMBER_JOINED", "Stranger", "Stranger"),
        ("MESSAGE_DELETED", "Moderator", "Member"),
        ("METADATA", "Moderator", None),
        ("MEMBER_LEFT", "Owner", "Former"),
        ("MADE_MODERATOR", "Owner", "Moderator"),
        ("MEMBER_JOINED", "Owner", "Former"),
        ("MEMBER_JOINED", "Owner", "Member"),
        ("MEMBER_JOINED", "Owner", "Moderator"),
        ("MEMBER_JOINED", "Owner", "Owner"),
        ("METADATA", "Owner", None),
    ]
    assert [node["messageId"] for node in nodes if node["kind"] == "MESSAGE_DELETED"] == [sent["id"]]


async def test_the_trail_is_paged(api: Api) -> None:
    made = await room(api)
    whole = (await api.ask(TRAIL, {"c": made.channel}, who="moderator"))["auditLog"]["nodes"]
    pages, after = [], None
    while True:
        page = (await api.ask(TRAIL, {"c": made.channel, "f": 3, "a": after}, who="moderator"))["auditLog"]
        pages += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert pages == whole
    body = await api.answer(TRAIL, {"c": await api.channel(owner="owner"), "a": after}, who="owner")
    assert body["errors"][0]["extensions"] == {"code": "INVALID_CURSOR"}


@pytest.mark.parametrize("who", ROLES)
async def test_the_trail_is_for_owners_and_moderators(api: Api, who: str) -> None:
    made = await room(api)
    for _ in range(4):
        body = await api.answer(TRAIL, {"c": made.channel}, who=who)
        if who in ("owner", "moderator"):
            assert body["data"]["channel"]["auditLog"]["nodes"]
        else:
            assert (body["data"], body["errors"][0]["extensions"]) == ({"channel": {"auditLog": None}}, {"code": "FORBIDDEN"})


async def test_who_is_no_moderator_any_more_sees_it_no_more(api: Api) -> None:
    made = await room(api)
    for _ in range(4):
        await api.ask(TRAIL, {"c": made.channel}, who="moderator")
    assert await made.change(SET_ROLE, "owner", u="moderator", r="MEMBER") is None
    body = await api.answer(TRAIL, {"c": made.channel}, who="moderator")
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN"}
    assert await made.change(ADD, "owner", u=["stranger"]) is None
    assert await made.change(REMOVE, "moderator", u="stranger") == "NOT_ALLOWED"
