"""Owners and moderators: who may do what to whom, and that everybody sees it at their next poll."""

import asyncio

import pytest
from pytest_aiohttp import AiohttpClient

from app.settings import Settings
from app.wiring import build_app, open_services
from tests.api.managing import ADD, DELETE, REMOVE, ROLES, SET_ROLE, TRAIL, UPDATE, Room, room
from tests.api.syncing import synced
from tests.asking import CREATE, Api

OTHERS = ("NOT_A_MEMBER", "NOT_A_MEMBER")
# What each of owner, moderator, member, former member and stranger is answered, in a public channel.
RIGHTS = {
    "rename": (None, None, "NOT_ALLOWED", *OTHERS),
    "archive": (None, "NOT_ALLOWED", "NOT_ALLOWED", *OTHERS),
    "add": (None, None, "NOT_ALLOWED", *OTHERS),
    "remove an owner": ("LAST_OWNER", "NOT_ALLOWED", "NOT_ALLOWED", *OTHERS),
    "remove a moderator": (None, None, "NOT_ALLOWED", *OTHERS),  # the moderator themselves
    "remove a member": (None, None, None, *OTHERS),  # the member themselves
    "remove a stranger": ("NOT_A_MEMBER", "NOT_A_MEMBER", "NOT_ALLOWED", "NOT_A_MEMBER", "NOT_A_MEMBER"),
    "give a role": (None, "NOT_ALLOWED", "NOT_ALLOWED", *OTHERS),
    "give a stranger a role": ("NOT_A_MEMBER", "NOT_ALLOWED", "NOT_ALLOWED", *OTHERS),
    "demote the last owner": ("LAST_OWNER", "NOT_ALLOWED", "NOT_ALLOWED", *OTHERS),
    "delete a message": (None, None, "NOT_THE_AUTHOR", *OTHERS),
}


async def _done(made: Room, what: str, who: str, message_id: str) -> str | None:
    """Return the code of what refused it, None where it was done."""
    match what:
        case "rename":
            return await made.update(who, name=f"renamed {message_id}", topic="new")
        case "archive":
            return await made.update(who, archived=True)
        case "add":
            return await made.change(ADD, who, u=["stranger", "member"])
        case "remove a stranger":
            return await made.change(REMOVE, who, u="stranger" if who != "stranger" else "former")
        case "give a role":
            return await made.change(SET_ROLE, who, u="member", r="OWNER")
        case "give a stranger a role":
            return await made.change(SET_ROLE, who, u="stranger", r="OWNER")
        case "demote the last owner":
            return await made.change(SET_ROLE, who, u="owner", r="MEMBER")
        case "delete a message":
            return await made.change(DELETE, who, m=message_id)
        case _:
            return await made.change(REMOVE, who, u=what.rsplit(maxsplit=1)[-1])


@pytest.mark.parametrize("kind", ["PUBLIC", "PRIVATE"])
@pytest.mark.parametrize("what", RIGHTS)
async def test_each_role_may_do_what_it_is_for_and_nothing_else(api: Api, what: str, kind: str) -> None:
    for who, right in zip(ROLES, RIGHTS[what], strict=True):
        made = await room(api, kind)
        sent = await api.send(made.channel, "words", who="owner")
        wanted = "NOT_FOUND" if kind == "PRIVATE" and who in ("former", "stranger") else right
        before = await made.members()
        assert await _done(made, what, who, sent["id"]) == wanted, who
        if wanted is not None:
            assert await made.members() == before


async def test_moderators_remove_plain_members_only(api: Api) -> None:
    made = await room(api)
    assert await made.change(ADD, "moderator", u=["stranger"]) is None
    assert await made.change(SET_ROLE, "owner", u="stranger", r="MODERATOR") is None
    assert await made.change(REMOVE, "moderator", u="stranger") == "NOT_ALLOWED"
    assert await made.change(SET_ROLE, "owner", u="stranger", r="OWNER") is None
    assert await made.change(REMOVE, "moderator", u="stranger") == "NOT_ALLOWED"
    assert await made.change(REMOVE, "stranger", u="owner") is None  # owners remove each other


async def test_an_owner_leaves_once_there_is_another(api: Api) -> None:
    made = await room(api)
    assert await made.change(SET_ROLE, "owner", u="member", r="OWNER") is None
    assert await made.change(SET_ROLE, "owner", u="owner", r="MEMBER") is None
    assert await made.members() == {"owner": "MEMBER", "moderator": "MODERATOR", "member": "OWNER"}
    assert await made.change(SET_ROLE, "member", u="member", r="MODERATOR") == "LAST_OWNER"
    assert await made.change(REMOVE, "member", u="member") == "LAST_OWNER"


async def test_two_last_owners_who_leave_at_once_do_not_both(api: Api) -> None:
    made = await room(api)
    assert await made.change(SET_ROLE, "owner", u="member", r="OWNER") is None
    left = await asyncio.gather(made.change(REMOVE, "owner", u="owner"), made.change(REMOVE, "member", u="member"))
    assert sorted(left, key=str) == ["LAST_OWNER", None]


async def test_who_joins_an_empty_channel_owns_it(api: Api) -> None:
    channel = await api.channel(owner="owner")
    leave = "mutation($c: ID!) { leaveChannel(channelId: $c) { userErrors { code } } }"
    await api.ask(leave, {"c": channel}, who="owner")
    join = "mutation($c: ID!) { joinChannel(channelId: $c) { channel { viewerRole } } }"
    roles = [(await api.ask(join, {"c": channel}, who=who))["channel"]["viewerRole"] for who in ("member", "stranger")]
    assert roles == ["OWNER", "MEMBER"]


async def test_a_direct_channel_stays_as_it_was_opened(api: Api) -> None:
    people = {who: await api.user_id(who) for who in ("alice", "bob", "carol")}
    made = (await api.ask(CREATE, {"i": {"kind": "DIRECT", "memberIds": [people["bob"]]}}))["channel"]["id"]
    for mutation, variables in (
        (UPDATE, {"i": {"channelId": made, "name": "new"}}),
        (UPDATE, {"i": {"channelId": made, "archived": True}}),
        (ADD, {"c": made, "u": [people["carol"]]}),
        (REMOVE, {"c": made, "u": people["bob"]}),
        (REMOVE, {"c": made, "u": people["alice"]}),
        (SET_ROLE, {"c": made, "u": people["alice"], "r": "OWNER"}),
    ):
        assert [error["code"] for error in (await api.ask(mutation, variables))["userErrors"]] == ["NOT_ALLOWED"]
        assert (await api.answer(mutation, variables, who="carol"))["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


async def test_an_archived_channel_is_read_and_refuses_every_change_but_being_opened_again(api: Api) -> None:
    made = await room(api)
    sent = await api.send(made.channel, "before", who="member")
    assert await made.update("owner", archived=True) is None
    assert [node["content"] for node in (await api.poll(made.channel, who="stranger"))["nodes"]] == ["before"]
    assert await made.update("owner", name="new") == "ARCHIVED"
    assert await made.update("owner", archived=True) == "ARCHIVED"
    for refused in (
        made.change(ADD, "owner", u=["stranger"]),
        made.change(REMOVE, "owner", u="member"),
        made.change(SET_ROLE, "owner", u="member", r="MODERATOR"),
        made.change(DELETE, "owner", m=sent["id"]),
        made.change("mutation($c: ID!) { joinChannel(channelId: $c) { userErrors { code } } }", "stranger"),
        made.change(
            "mutation($i: SendMessageInput!) { sendMessage(input: $i) { userErrors { code } } }",
            "member",
            i={"channelId": made.channel, "content": "after"},
        ),
    ):
        assert await refused == "ARCHIVED"
    assert await made.update("owner", archived=False, name="opened again") is None
    await api.send(made.channel, "after", who="member")


async def test_a_name_is_free_while_its_channel_is_archived(api: Api) -> None:
    first, second = await room(api), await room(api)
    assert await first.update("owner", name="Wanted") is None
    assert await second.update("owner", name="wanTED") == "TAKEN"
    assert await first.update("owner", archived=True) is None
    assert await second.update("owner", name="wanTED") is None
    assert await first.update("owner", archived=False) == "TAKEN"
    assert await first.update("owner", archived=False, name="another") is None
    private = await room(api, "PRIVATE")
    assert await private.update("owner", name="wanted") is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": " "}, "BLANK"),
        ({"name": "x" * 101}, "TOO_LONG"),
        ({"topic": "x" * 501}, "TOO_LONG"),
        ({"name": "\x00"}, "BAD_USER_INPUT"),
        ({}, None),
        ({"name": None, "topic": None, "archived": None}, None),
        ({"archived": False}, None),
    ],
)
async def test_what_a_channel_cannot_be_called_is_refused_and_nothing_is_no_change(
    api: Api, fields: dict[str, object], code: str | None
) -> None:
    made = await room(api)
    trail = await api.ask(TRAIL, {"c": made.channel}, who="owner")
    assert await made.update("owner", **fields) == code
    assert await api.ask(TRAIL, {"c": made.channel}, who="owner") == trail


async def test_people_are_added_once_and_only_those_there_are(api: Api) -> None:
    made = await room(api)
    assert await made.change(ADD, "owner", u=["stranger", "stranger", "member"]) is None
    assert (await made.members())["stranger"] == "MEMBER"
    assert await made.change(ADD, "owner", u=["stranger"] * 101) == "TOO_LONG"
    assert await made.change(ADD, "owner", u=[made.channel]) == "BAD_USER_INPUT"
    nobody = made.people["owner"][:-2] + "AA"
    assert await made.change(ADD, "owner", u=[nobody]) == "NOT_FOUND"
    assert await made.change(REMOVE, "owner", u=nobody) == "NOT_FOUND"


SHOWN = (
    "query($c: ID!) { channel(id: $c) { name topic archivedAt memberCount viewerRole members { nodes { role user { name } } } } }"
)


async def test_each_change_is_in_the_next_answer_of_every_process(
    api: Api, settings: Settings, aiohttp_client: AiohttpClient
) -> None:
    """Asked often enough that both processes keep the answer, and after every change once."""
    made = await room(api, "PRIVATE")
    async with open_services(settings) as parts:
        other = Api(await aiohttp_client(build_app(settings, *parts)), parts[0])
        for mutation, given in (
            (UPDATE, {"i": {"channelId": made.channel, "name": "one", "topic": "two"}}),
            (ADD, {"u": ["stranger"]}),
            (SET_ROLE, {"u": "member", "r": "MODERATOR"}),
            (REMOVE, {"u": "stranger"}),
            (UPDATE, {"i": {"channelId": made.channel, "archived": True}}),
        ):
            before = [await one.ask(SHOWN, {"c": made.channel}, who="member") for one in (api, other) for _ in range(4)]
            assert all(one == before[0] for one in before)
            assert await made.change(mutation, "owner", **given) is None
            after = [await one.ask(SHOWN, {"c": made.channel}, who="member") for one in (other, api)]
            assert after[0] == after[1] != before[0], mutation


async def test_who_is_removed_is_told_by_sync_and_reads_nothing_more(api: Api) -> None:
    made = await room(api, "PRIVATE")
    await api.send(made.channel, "before", who="owner")
    await api.poll(made.channel, who="member")
    first, stays = await synced(api, who="member"), await synced(api, who="moderator")
    assert await made.change(REMOVE, "owner", u="member") is None
    await api.send(made.channel, "after", who="owner")
    page = await synced(api, first["token"], who="member")
    assert (page["removedChannelIds"], page["channels"], page["resetReason"]) == ([made.channel], [], None)
    body = await api.answer("query($c: ID!) { messages(channelId: $c) { nodes { content } } }", {"c": made.channel}, who="member")
    assert (body["data"], body["errors"][0]["extensions"]["code"]) == ({"messages": None}, "NOT_FOUND")
    (delta,) = (await synced(api, stays["token"], who="moderator"))["channels"]
    assert [message["content"] for message in delta["messages"]] == ["after"]
    assert await made.change(ADD, "owner", u=["member"]) is None
    (delta,) = (await synced(api, page["token"], who="member"))["channels"]
    assert [message["content"] for message in delta["messages"]] == ["before", "after"]


async def test_a_role_a_name_and_an_archiving_come_by_sync(api: Api) -> None:
    made = await room(api)
    token = (await synced(api, who="member"))["token"]
    seen = []
    for change in (
        made.change(SET_ROLE, "owner", u="member", r="MODERATOR"),
        made.update("member", name="by a moderator"),
        made.update("owner", archived=True),
    ):
        assert await change is None
        page = await synced(api, token, who="member")
        seen += [(delta["channel"]["viewerRole"], delta["channel"]["name"]) for delta in page["channels"]]
        token = page["token"]
    assert [role for role, _ in seen] == ["MODERATOR"] * 3
    assert [name == "by a moderator" for _, name in seen] == [False, True, True]
