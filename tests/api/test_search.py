"""Searching messages and people: what is found, in which order, by whom."""

from typing import Any

import pytest

from models import ids
from tests.asking import Api

MESSAGES = (
    "query($t: String!, $c: ID, $n: Int, $a: String) { searchMessages(text: $t, channelId: $c, first: $n, after: $a) {"
    " nodes { content author { name } } edges { cursor node { seq } } pageInfo { hasNextPage hasPreviousPage endCursor } } }"
)
PEOPLE = (
    "query($t: String!, $n: Int, $a: String) { searchUsers(text: $t, first: $n, after: $a)"
    " { nodes { name } pageInfo { hasNextPage endCursor } } }"
)


async def found(api: Api, text: str, channel: str | None = None, *, who: str = "alice") -> list[str]:
    page = await api.ask(MESSAGES, {"t": text, "c": channel}, who=who)
    return [node["content"] for node in page["nodes"]]


async def code(api: Api, query: str, variables: dict[str, Any], *, who: str = "alice") -> str:
    (error,) = (await api.answer(query, variables, who=who))["errors"]
    return str(error["extensions"]["code"])


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ("deploy", ["Deploying at https://example.com/deploy-log", "We deploy today"]),
        ("DEPLOY today", ["We deploy today"]),
        ("log", ["Deploying at https://example.com/deploy-log"]),
        ("ploy", []),
        ("deploy nothing", []),
        ("example com", ["Deploying at https://example.com/deploy-log"]),
        ("서울", ["서울에서 만나요"]),
        ("만나", ["서울에서 만나요"]),
        ("it's", ["It's o'clock & more | less <-> !"]),
        ("clock", ["It's o'clock & more | less <-> !"]),
        ("' & | ! <-> :* ( \"", []),
        ("NEAR(we today)", []),
        ("we OR", []),
        ("snake_case", ["a snake_case and a path/to/file.py"]),
        ("file py", ["a snake_case and a path/to/file.py"]),
    ],
)
async def test_messages_are_found_by_the_beginnings_of_their_words(api: Api, text: str, finds: list[str]) -> None:
    channel = await api.channel()
    for content in (
        "We deploy today",
        "Deploying at https://example.com/deploy-log",
        "서울에서 만나요",
        "It's o'clock & more | less <-> !",
        "a snake_case and a path/to/file.py",
    ):
        await api.send(channel, content)
    assert await found(api, text) == finds
    assert await found(api, text, channel) == finds


async def test_messages_are_found_as_they_are_now(api: Api) -> None:
    channel = await api.channel()
    first, second = [await api.send(channel, text) for text in ("one apple", "two apples")]
    edit = "mutation($i: EditMessageInput!) { editMessage(input: $i) { userErrors { code } } }"
    await api.ask(edit, {"i": {"messageId": first["id"], "content": "one pear"}})
    assert (await found(api, "apple"), await found(api, "pear")) == (["two apples"], ["one pear"])
    delete = "mutation($i: ID!) { deleteMessage(messageId: $i) { userErrors { code } } }"
    await api.ask(delete, {"i": second["id"]})
    assert await found(api, "apple") == []


async def test_messages_are_searched_in_the_viewers_channels_or_in_one_they_see(api: Api) -> None:
    public = await api.channel()
    private = await api.channel(kind="PRIVATE")
    other = await api.channel("bob")
    for channel in (public, private, other):
        await api.send(channel, f"the word in {channel}")
    assert len(await found(api, "word")) == 3
    assert await found(api, "word", who="bob") == [f"the word in {other}"]
    assert await found(api, "word", public, who="bob") == [f"the word in {public}"]
    missing = ids.encode(ids.ChannelId(1 << 40))
    answers = [await api.answer(MESSAGES, {"t": "word", "c": channel}, who="bob") for channel in (private, missing)]
    assert answers[0] == answers[1]
    assert answers[0]["errors"][0]["extensions"]["code"] == "NOT_FOUND"


async def test_what_was_found_is_paged_from_the_newest_on(api: Api) -> None:
    channel = await api.channel()
    for number in range(5):
        await api.send(channel, f"apple {number}")
    seqs, after = [], None
    for more in (True, True, False):
        page = await api.ask(MESSAGES, {"t": "apple", "n": 2, "a": after})
        assert page["pageInfo"]["hasNextPage"] is more
        seqs += [edge["node"]["seq"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        await api.send(channel, "apple again")  # what comes later shifts nothing
    assert seqs == [5, 4, 3, 2, 1]
    end = await api.ask(MESSAGES, {"t": "apple", "a": after})
    assert (end["nodes"], end["pageInfo"]) == ([], {"hasNextPage": False, "hasPreviousPage": True, "endCursor": after})
    assert await code(api, MESSAGES, {"t": "apple", "a": after}, who="bob") == "INVALID_CURSOR"


async def test_people_are_found_by_any_part_of_their_name(api: Api) -> None:
    for who, name in (("a", "Ann Émile"), ("b", "annabel"), ("c", "Bob 100%"), ("d", "김민수")):
        await api.ask("{ viewer { id } }", who=who, name=name)
    for text, names in {
        "ANN": ["Ann Émile", "annabel"],
        "mil": ["Ann Émile"],
        "0%": ["Bob 100%"],
        "%": ["Bob 100%"],
        "_": [],
        "민수": ["김민수"],
        "nobody": [],
    }.items():
        assert [one["name"] for one in (await api.ask(PEOPLE, {"t": text}, who="a", name="Ann Émile"))["nodes"]] == names, text


async def test_people_are_paged(api: Api) -> None:
    for index in range(5):
        await api.user_id(f"person {index}")
    names, after = [], None
    for more in (True, True, False):
        page = await api.ask(PEOPLE, {"t": "person", "n": 2, "a": after}, who="person 0")
        assert page["pageInfo"]["hasNextPage"] is more
        names += [one["name"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
    assert names == [f"Person {index}" for index in range(5)]


async def test_who_was_only_addressed_has_no_name_to_be_found_by(api: Api) -> None:
    never_seen = ids.encode(ids.UserId(ids.user_hash_hex("", "never seen")))
    given = {"userId": never_seen, "type": "t", "title": "t", "content": "c"}
    notify = "mutation($i: CreateNotificationInput!) { createNotification(input: $i) { userErrors { code } } }"
    await api.ask(notify, {"i": given}, who="s", roles=("service",))
    assert (await api.ask(PEOPLE, {"t": "Someone"}))["nodes"] == []


@pytest.mark.parametrize("query", [MESSAGES, PEOPLE], ids=["messages", "people"])
async def test_a_blank_or_endless_search_is_refused(api: Api, query: str) -> None:
    for text in ("", "  ", "x" * 101):
        assert await code(api, query, {"t": text}) == "BAD_USER_INPUT"


async def test_the_words_have_an_index(api: Api) -> None:
    dialect, db = api.services.db.dialect, api.services.db
    found_by = f"SELECT m.id FROM {dialect.messages_with_words('$1', alias='m')}"
    async with db.transaction() as tx:
        if dialect.name == "PostgreSQL":
            await tx.run("SET LOCAL enable_seqscan = off")
            rows = await tx.rows(f"EXPLAIN {found_by.replace('$1', chr(39) + 'word' + chr(39))}")
            assert "messages_words" in str(rows)
        else:
            rows = await tx.rows(f"EXPLAIN QUERY PLAN {found_by}", dialect.words(["word"]))
            assert "VIRTUAL TABLE INDEX" in str(rows)
