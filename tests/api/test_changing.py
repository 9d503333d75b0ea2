"""Editing and deleting messages: who may, and that the next poll of anybody shows it."""

import asyncio

import pytest

from tests.asking import Api

SHOWN = "message { id seq version content editedAt deletedAt mentions { name } } userErrors { code field }"
EDIT = f"mutation($i: EditMessageInput!) {{ editMessage(input: $i) {{ {SHOWN} }} }}"
DELETE = f"mutation($m: ID!) {{ deleteMessage(messageId: $m) {{ {SHOWN} }} }}"


async def _codes(api: Api, query: str, variables: dict[str, object], *, who: str = "alice") -> list[str]:
    return [error["code"] for error in (await api.ask(query, variables, who=who))["userErrors"]]


async def test_an_edit_is_shown_by_the_next_poll_and_grows_the_version(api: Api) -> None:
    channel = await api.channel("bob")
    sent = await api.send(channel, "frist")
    await api.poll(channel, who="bob")
    edited = (await api.ask(EDIT, {"i": {"messageId": sent["id"], "content": " first "}}))["message"]
    assert (edited["content"], edited["seq"], edited["deletedAt"]) == ("first", 1, None)
    assert edited["editedAt"].endswith("Z")
    assert edited["version"] > sent["version"]
    (node,) = (await api.poll(channel, who="bob"))["edges"]
    assert (node["node"]["content"], node["node"]["version"]) == ("first", edited["version"])


async def test_the_same_words_change_nothing(api: Api) -> None:
    channel = await api.channel()
    sent = await api.send(channel, "same")
    again = (await api.ask(EDIT, {"i": {"messageId": sent["id"], "content": "same"}}))["message"]
    assert (again["version"], again["editedAt"]) == (sent["version"], None)


async def test_a_deleted_message_leaves_a_tombstone_in_its_place(api: Api) -> None:
    channel = await api.channel("bob")
    bob = await api.user_id("bob")
    sent = await api.send(channel, "@bob secret", mentionIds=[bob])
    await api.send(channel, "next")
    await api.poll(channel, who="bob")
    tombstone = (await api.ask(DELETE, {"m": sent["id"]}))["message"]
    assert (tombstone["content"], tombstone["mentions"]) == ("", [])
    assert tombstone["deletedAt"].endswith("Z")
    page = await api.poll(channel, who="bob")
    assert [(node["seq"], node["content"]) for node in page["nodes"]] == [(1, ""), (2, "next")]
    counts = "query($c: ID!) { channel(id: $c) { unreadCount mentionCount } }"
    assert await api.ask(counts, {"c": channel}, who="bob") == {"unreadCount": 2, "mentionCount": 1}
    news = await api.ask("{ unreadNotifications { nodes { content } } }", who="bob")
    assert news["nodes"] == [{"content": ""}]


async def test_only_authors_edit_and_only_authors_and_owners_delete(api: Api) -> None:
    channel = await api.channel("bob", "carol")
    of_alice, of_bob = await api.send(channel, "mine"), await api.send(channel, "yours", who="bob")
    for who, message in (("bob", of_alice), ("alice", of_bob)):
        assert await _codes(api, EDIT, {"i": {"messageId": message["id"], "content": "x"}}, who=who) == ["NOT_THE_AUTHOR"]
    assert await _codes(api, DELETE, {"m": of_alice["id"]}, who="bob") == ["NOT_THE_AUTHOR"]
    assert await _codes(api, DELETE, {"m": of_bob["id"]}, who="carol") == ["NOT_THE_AUTHOR"]
    assert await _codes(api, DELETE, {"m": of_bob["id"]}, who="eve") == ["NOT_A_MEMBER"]
    of_eve = await api.ask(EDIT, {"i": {"messageId": of_bob["id"], "content": "x"}}, who="eve")
    assert of_eve["userErrors"] == [{"code": "NOT_A_MEMBER", "field": ["input", "messageId"]}]
    assert await _codes(api, DELETE, {"m": of_bob["id"]}) == []  # its owner keeps order


async def test_a_deleted_message_stays_deleted(api: Api) -> None:
    channel = await api.channel()
    sent = await api.send(channel, "gone", clientMessageId="k")
    await api.ask(DELETE, {"m": sent["id"]})
    assert await _codes(api, DELETE, {"m": sent["id"]}) == ["ALREADY_DELETED"]
    assert await _codes(api, EDIT, {"i": {"messageId": sent["id"], "content": "back"}}) == ["ALREADY_DELETED"]
    again = await api.send(channel, "gone", clientMessageId="k")
    assert (again["id"], again["content"]) == (sent["id"], "")


async def test_what_a_stranger_cannot_see_they_cannot_change(api: Api) -> None:
    channel = await api.channel(kind="PRIVATE")
    sent = await api.send(channel, "secret")
    for query, variables in ((EDIT, {"i": {"messageId": sent["id"], "content": "x"}}), (DELETE, {"m": sent["id"]})):
        body = await api.answer(query, variables, who="mallory")
        assert body["errors"][0]["extensions"] == {"code": "NOT_FOUND"}


@pytest.mark.parametrize(("content", "code"), [(" ", "BLANK"), ("x" * 4001, "TOO_LONG")])
async def test_new_words_are_bounded_as_the_first_were(api: Api, content: str, code: str) -> None:
    channel = await api.channel()
    sent = await api.send(channel, "ok")
    assert await _codes(api, EDIT, {"i": {"messageId": sent["id"], "content": content}}) == [code]


async def test_edits_among_sends_share_one_dense_order_of_events(api: Api) -> None:
    channel = await api.channel()
    first = await api.send(channel, "0")
    edits = (api.ask(EDIT, {"i": {"messageId": first["id"], "content": f"e{i}"}}) for i in range(10))
    await asyncio.gather(*edits, *(api.send(channel, f"{i}") for i in range(10)))
    page = await api.poll(channel)
    versions = {node["node"]["version"] for node in page["edges"]}
    assert [node["seq"] for node in page["nodes"]] == list(range(1, 12))
    assert len(versions) == 11
    assert page["nodes"][0]["content"].startswith("e")


async def test_seen_and_archived_notifications_leave_the_counts(api: Api) -> None:
    channel = await api.channel("bob")
    bob = await api.user_id("bob")
    for _ in range(3):
        await api.send(channel, "@bob", mentionIds=[bob])
    seen = "mutation { markNotificationsSeen { notifications { seenAt } inbox { unseenCount unreadCount } userErrors { code } } }"
    marked = await api.ask(seen, who="bob")
    assert (len(marked["notifications"]), marked["inbox"]) == (3, {"unseenCount": 0, "unreadCount": 3})
    assert (await api.ask(seen, who="bob"))["notifications"] == []
    first = (await api.ask("{ notifications { nodes { id } } }", who="bob"))["nodes"][0]["id"]
    archive = "mutation($i: ID!) { archiveNotification(id: $i) { notification { id archivedAt } inbox { unreadCount } } }"
    for _ in range(2):
        archived = await api.ask(archive, {"i": first}, who="bob")
        assert archived["notification"]["archivedAt"].endswith("Z")
        assert archived["inbox"] == {"unreadCount": 2}
    assert (await api.answer(archive, {"i": first}))["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
