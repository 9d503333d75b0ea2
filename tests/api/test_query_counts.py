"""How many statements an operation costs: heads once, then only what nobody holds, however long the list.

An answer that is asked for again may be kept, and then costs its heads; where the first reading is to be counted, each
asking is written differently.
"""

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, TypeVar

import pytest

from models.channel import ChannelKind
from models.clock import wall_clock_us
from models.database import Database
from models.open_channel import NewChannel, open_channel
from tests.asking import REACT, Api

T = TypeVar("T")


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every read of the store from here on."""
    seen: list[str] = []
    real = Database._read

    async def read(self: Database, sql: str, statement: Coroutine[Any, Any, T]) -> T:
        seen.append(sql)
        return await real(self, sql, statement)

    monkeypatch.setattr(Database, "_read", read)
    return seen


_numbers = count()


def _anew(query: str) -> str:
    """Return a query written as nobody has written it, so that no answer to it is kept."""
    return f"{query} # {next(_numbers)}"


@contextmanager
def _counted(statements: list[str], expected: int) -> Iterator[None]:
    statements.clear()
    yield
    assert len(statements) == expected, "\n".join(statements)


async def test_an_idle_poll_is_one_head_read(api: Api, statements: list[str]) -> None:
    channel = await api.channel()
    cursor = (await api.send(channel, "hi"))["cursor"]
    await api.poll(channel, after=cursor)
    for _ in range(4):  # executed, planned, kept, and served as it was kept
        with _counted(statements, 1):
            await api.poll(channel, after=cursor)


async def test_a_page_that_nobody_holds_is_a_head_and_a_page(api: Api, statements: list[str]) -> None:
    channel = await api.channel("bob")
    for index in range(50):
        await api.send(channel, f"{index}", who=("alice", "bob")[index % 2])
    await api.poll(channel)
    api.services.fragments._blocks.clear()
    api.services.recent._runs.clear()
    await api.services.recent._redis.attempt(lambda client: client.flushall())
    with _counted(statements, 2):
        await api.poll(channel)


async def test_reactions_of_a_page_cost_nothing_and_the_viewers_own_one_statement(api: Api, statements: list[str]) -> None:
    shared = "query($c: ID!) { messages(channelId: $c) { nodes { content reactions { emoji count } } } }"
    personal = "query($c: ID!) { messages(channelId: $c) { nodes { content reactions { emoji viewerHasReacted } } } }"
    channel = await api.channel("bob")
    counts = []
    for messages in (1, 9):
        for index in range(messages):
            sent = await api.send(channel, f"{index}")
            for who, emoji in (("alice", "👍"), ("bob", "👍"), ("bob", "🎉")):
                await api.ask(REACT, {"i": {"messageId": sent["id"], "emoji": emoji}}, who=who)
        for query in (shared, personal):
            await api.ask(query, {"c": channel})
            statements.clear()
            await api.ask(_anew(query), {"c": channel})
            counts.append(len(statements))
    # The head; and the viewer's own. A page without reactions asks for none.
    assert counts == [1, 2, 1, 2]
    await api.send(quiet := await api.channel(), "hi")
    await api.ask(personal, {"c": quiet})
    with _counted(statements, 1):
        await api.ask(_anew(personal), {"c": quiet})


async def test_a_list_of_channels_costs_the_same_for_one_and_for_ten(api: Api, statements: list[str]) -> None:
    listed = (
        "{ channels { nodes { name unreadCount mentionCount memberCount activeUsers viewerRole"
        " lastMessage { content author { name } replyTo { content } } pollingInterval { milliseconds } } } }"
    )
    counts = []
    for rooms in (1, 9):
        for _ in range(rooms):
            channel = await api.channel()
            first = await api.send(channel, "question")
            await api.send(channel, "answer", replyToId=first["id"])
        await api.ask(listed)
        statements.clear()
        await api.ask(_anew(listed))
        counts.append(len(statements))
    # The inbox's head, the list, the channels' heads, the last messages, the quoted messages.
    assert counts == [5, 5]


async def test_notifications_with_their_messages_cost_the_same_for_one_and_for_ten(api: Api, statements: list[str]) -> None:
    listed = "{ unreadNotifications { nodes { title actor { name } message { content author { name } } } hasNew unreadCount } }"
    bob = await api.user_id("bob")
    channel = await api.channel("bob")
    counts = []
    for mentions in (1, 9):
        for _ in range(mentions):
            await api.send(channel, "@bob", mentionIds=[bob])
        await api.ask(listed, who="bob")
        statements.clear()
        await api.ask(_anew(listed), who="bob")
        counts.append(len(statements))
    # The inbox's head, the page, the newest unread, the channel's head, the messages.
    assert counts == [5, 5]


async def test_members_cost_the_same_for_one_and_for_twenty(api: Api, statements: list[str]) -> None:
    members = "query($c: ID!) { channel(id: $c) { members { nodes { user { name } } } } }"
    channel = await api.channel()
    counts = []
    for people in (range(0), range(20)):
        for index in people:
            await api.user_id(f"user{index}")
            await api.ask("mutation($c: ID!) { joinChannel(channelId: $c) { channel { id } } }", {"c": channel}, who=f"user{index}")
        await api.ask(members, {"c": channel})
        statements.clear()
        await api.ask(_anew(members), {"c": channel})
        counts.append(len(statements))
    assert counts == [2, 2]


async def test_several_fields_of_one_channel_share_one_head(api: Api, statements: list[str]) -> None:
    channel = await api.channel()
    await api.poll(channel)
    with _counted(statements, 1):
        await api.ask(
            "query($c: ID!) { a: channel(id: $c) { name } b: channel(id: $c) { unreadCount } i: pollingInterval(channelId: $c)"
            " { milliseconds } m: messages(channelId: $c) { nodes { seq } } }",
            {"c": channel},
        )


async def test_people_by_id_cost_a_head_and_one_statement_however_many(api: Api, statements: list[str]) -> None:
    people = [await api.user_id(who) for who in ("alice", *(f"user{index}" for index in range(20)))]
    # The inbox's head says up to which change of profiles they are known.
    with _counted(statements, 2):
        await api.ask("query($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": people})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("{ viewer { name } }", 1),
        ("{ inbox { unreadCount } unreadNotifications { hasNew nodes { title message { content } } } }", 2),
        ("query($c: ID!) { channel(id: $c) { name members { nodes { user { name } role } } lastMessage { content } } }", 1),
        ("{ channels { nodes { name unreadCount lastMessage { content author { name } } } } }", 2),
    ],
    ids=["viewer", "notifications", "channel", "channels"],
)
async def test_an_answer_that_is_kept_costs_its_heads(api: Api, statements: list[str], query: str, expected: int) -> None:
    bob = await api.user_id("bob")
    channel = await api.channel("bob")
    await api.send(channel, "@bob", mentionIds=[bob])
    for _ in range(3):  # executed; planned; kept
        await api.ask(query, {"c": channel}, who="bob")
    with _counted(statements, expected):
        await api.ask(query, {"c": channel}, who="bob")


async def test_a_sync_of_200_channels_costs_one_statement_when_nothing_is_new(api: Api, statements: list[str]) -> None:
    await api.send(await api.channel(), "hi")
    (alice,) = await api.services.db.rows("SELECT id FROM users")
    for index in range(199):
        new = NewChannel(ChannelKind.PUBLIC, f"room {index}", "", alice["id"], (), None)
        await open_channel(api.services.db, new, wall_clock_us())
    token = await api.ask("{ sync(limit: 0) { token } }")
    assert len(token["token"]) <= 4096
    with _counted(statements, 1):
        again = await api.ask(
            "query($t: String!) { sync(token: $t) { token channels { channel { name } } } }", {"t": token["token"]}
        )
    assert again == {**token, "channels": []}


async def test_a_sync_of_one_channel_reads_no_other_of_the_viewers(api: Api, statements: list[str]) -> None:
    shown, other = [await api.channel("bob") for _ in range(2)]
    ask = "query($t: String, $c: [ID!]) { sync(token: $t, channelIds: $c) { token channels { messages { content } } } }"
    token = (await api.ask(ask, {"c": [shown]}))["token"]
    await api.send(other, "elsewhere", who="bob")
    with _counted(statements, 2):  # the heads of the inbox and of the channel
        assert await api.ask(ask, {"t": token, "c": [shown]}) == {"token": token, "channels": []}
    await api.send(shown, "news", who="bob")
    with _counted(statements, 3):  # and the changed messages
        page = await api.ask(ask, {"t": token, "c": [shown]})
    assert [one["messages"] for one in page["channels"]] == [[{"content": "news"}]]


async def test_what_changed_lately_is_read_once_for_all_however_far_behind_they_are(api: Api, statements: list[str]) -> None:
    shown, _ = [await api.channel("bob", "carol") for _ in range(2)]
    ask = "query($t: String, $c: [ID!]) { sync(token: $t, channelIds: $c) { token channels { messages { content version } } } }"
    tokens = []
    sent = []
    for number in range(4):
        tokens.append((await api.ask(ask, {"c": [shown]}, who="carol"))["token"])
        sent.append(await api.send(shown, f"{number}", who="bob"))
        await api.ask(ask, {"t": tokens[-1], "c": [shown]}, who="carol")
    for number, token in enumerate(tokens):
        with _counted(statements, 2):  # the heads
            page = await api.ask(ask, {"t": token, "c": [shown]}, who="carol")
        assert [m["content"] for m in page["channels"][0]["messages"]] == [f"{n}" for n in range(number, 4)]
    edit = 'mutation($m: ID!) { editMessage(input: {messageId: $m, content: "new"}) { userErrors { code } } }'
    await api.ask(edit, {"m": sent[2]["id"]}, who="bob")
    with _counted(statements, 3):  # and what changed since
        page = await api.ask(ask, {"t": tokens[1], "c": [shown]}, who="carol")
    assert [m["content"] for m in page["channels"][0]["messages"]] == ["1", "3", "new"]
    with _counted(statements, 2):
        page = await api.ask(ask, {"t": tokens[3], "c": [shown]}, who="carol")
    assert [m["content"] for m in page["channels"][0]["messages"]] == ["3", "new"]


async def test_a_sync_costs_the_same_for_news_of_one_channel_and_of_ten(api: Api, statements: list[str]) -> None:
    listed = "sync(token: $t) { token channels { channel { name unreadCount } messages { content author { name } } } }"
    counts = []
    token = (await api.ask("{ sync { token } }"))["token"]
    for rooms in (1, 10):
        channels = [await api.channel() for _ in range(rooms)]
        token = (await api.ask(f"query($t: String!) {{ {listed} }}", {"t": token}))["token"]
        for channel in channels:
            await api.send(channel, "news")
        statements.clear()
        token = (await api.ask(_anew(f"query($t: String!) {{ {listed} }}"), {"t": token}))["token"]
        counts.append(len(statements))
    # The pulse, the heads, the changed messages.
    assert counts == [3, 3]
