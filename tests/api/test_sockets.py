"""graphql-transport-ws over a WebSocket: each sentence of the protocol, and of the contract."""

from typing import Any

import pytest

from tests.api.streaming import PROTOCOL, SUBSCRIBE, Socket, connected, until
from tests.api.syncing import contents, synced
from tests.asking import CREATE, JOIN, SEND, Api, token


async def test_a_subscription_starts_with_what_changed_and_goes_on_with_each_change(api: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    await api.send(channel, "before")
    async with connected(api, who="bob") as socket:
        await socket.subscribe(given)
        first = await socket.page()
        assert contents(first) == {channel: ["before"]}
        tokens = [first["token"]]
        for word in ("one", "two"):
            await api.send(channel, word)
            page = await socket.page()
            assert contents(page) == {channel: [word]}
            tokens.append(page["token"])
    assert (await synced(api, tokens[-1], who="bob"))["token"] == tokens[-1]


async def test_without_a_token_a_subscription_starts_with_a_snapshot(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "hi")
    async with connected(api) as socket:
        await socket.subscribe()
        assert contents(await socket.page()) == {channel: ["hi"]}


async def test_a_subscription_to_nothing_new_starts_with_the_very_token(api: Api) -> None:
    await api.channel()
    given = (await synced(api))["token"]
    async with connected(api) as socket:
        await socket.subscribe(given)
        page = await socket.page()
        assert (page["token"], page["channels"]) == (given, [])


async def test_pages_follow_one_another_while_there_is_more(api: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    for index in range(5):
        await api.send(channel, f"{index}")
    async with connected(api, who="bob") as socket:
        await socket.subscribe(given, l=2)
        pages = [await socket.page() for _ in range(3)]
        assert [contents(page)[channel] for page in pages] == [["0", "1"], ["2", "3"], ["4"]]
        assert [page["hasMore"] for page in pages] == [True, True, False]


async def test_a_limit_of_nothing_does_not_turn_in_circles(api: Api) -> None:
    channel = await api.channel("bob")
    given = (await synced(api, who="bob"))["token"]
    await api.send(channel, "hi")
    async with connected(api, who="bob") as socket:
        await socket.subscribe(given, l=0)
        page = await socket.page()
        assert (page["hasMore"], page["token"]) == (True, given)
        await until(lambda: bool(api.services.wake.waiters.waiting))


async def test_nothing_of_a_channel_that_is_lost_is_sent_and_the_stream_goes_on(api: Api) -> None:
    lost, kept = await api.channel("bob"), await api.channel("bob")
    async with connected(api, who="bob") as socket:
        await socket.subscribe((await synced(api, who="bob"))["token"])
        await socket.page()
        await api.ask("mutation($c: ID!) { leaveChannel(channelId: $c) { channel { id } } }", {"c": lost}, who="bob")
        assert (await socket.page())["removedChannelIds"] == [lost]
        await api.send(lost, "secret")
        await api.send(kept, "hi")
        page = await socket.page()
        assert (contents(page), page["removedChannelIds"]) == ({kept: ["hi"]}, [])


async def test_queries_and_mutations_run_over_a_socket_with_the_same_rights_and_errors(api: Api) -> None:
    hidden = await api.channel(kind="PRIVATE")
    async with connected(api, who="bob") as socket:

        async def asked(query: str, **variables: Any) -> Any:
            await socket.say("subscribe", id="q", payload={"query": query, "variables": variables})
            said = await socket.hear()
            if said["type"] == "next":
                assert await socket.hear() == {"id": "q", "type": "complete"}
            return said["type"], said["payload"]

        assert await asked("{ viewer { name } }") == ("next", {"data": {"viewer": {"name": "Bob"}}})
        made = (await asked(CREATE, i={"name": "by socket"}))[1]["data"]["createChannel"]["channel"]
        assert (await asked(SEND, i={"channelId": made["id"], "content": "hi"}))[1]["data"]["sendMessage"]["message"]["seq"] == 1
        _, missing = await asked("query($c: ID!) { messages(channelId: $c) { nodes { id } } }", c=hidden)
        assert (missing["data"], missing["errors"][0]["extensions"]["code"]) == ({"messages": None}, "NOT_FOUND")
        kind, errors = await asked("{ nonsense }")
        assert (kind, errors[0]["extensions"]["code"]) == ("error", "GRAPHQL_VALIDATION_FAILED")
        assert (await asked("{"))[1][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
        assert (await asked("subscription { sync(limit: -1) { token } }"))[1]["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert (await asked(SEND, i={"channelId": made["id"], "content": "\ud800"}))[1]["errors"] != []


async def test_a_persisted_document_is_subscribed_to_by_its_hash(api: Api) -> None:
    async with connected(api) as socket:
        extensions = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
        await socket.say("subscribe", id="1", payload={"extensions": extensions})
        said = await socket.hear()
        assert (said["type"], said["payload"][0]["message"]) == ("error", "PersistedQueryNotFound")


async def test_a_completed_subscription_sends_nothing_more_and_frees_its_name(api: Api) -> None:
    channel = await api.channel()
    async with connected(api) as socket:
        await socket.subscribe()
        await socket.page()
        await until(lambda: len(api.services.wake.waiters.waiting) == 1)
        await socket.say("complete", id="1")
        await until(lambda: not api.services.wake.waiters.waiting)
        await api.send(channel, "hi")
        await socket.subscribe()
        assert contents(await socket.page()) == {channel: ["hi"]}
    await until(lambda: not api.services.wake.waiters.topics)


INIT = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token('alice')}"}}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ([{"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIBE}}], 4401),
        ([INIT, INIT], 4429),
        ([INIT, *[{"type": "subscribe", "id": "1", "payload": {"query": SUBSCRIBE}}] * 2], 4409),
        ([{"type": "connection_init"}], 4403),
        ([{"type": "connection_init", "payload": {}}], 4403),
        ([{"type": "connection_init", "payload": {"Authorization": ["Bearer"]}}], 4403),
        ([{"type": "connection_init", "payload": {"Authorization": "Bearer nonsense"}}], 4403),
        ([{"type": "connection_init", "payload": []}], 4400),
        ([{"type": "connection_init", "payload": "x"}], 4400),
        ([[]], 4400),
        ([{}], 4400),
        (["ping"], 4400),
        ([None], 4400),
        ([{"type": 1}], 4400),
        ([{"type": "nonsense" * 100}], 4400),
        ([INIT, {"type": "subscribe", "id": ["1"], "payload": {"query": "{ viewer { id } }"}}], 4400),
        ([INIT, {"type": "subscribe", "id": "1"}], 4400),
        ([INIT, {"type": "subscribe", "id": "1", "payload": []}], 4400),
        ([INIT, {"type": "subscribe", "payload": {"query": "{ viewer { id } }"}}], 4400),
        ([INIT, {"type": "complete"}], 4400),
    ],
)
async def test_what_is_against_the_protocol_closes_the_connection(api: Api, said: list[Any], code: int) -> None:
    async with api.client.ws_connect("/graphql", protocols=[PROTOCOL]) as ws:
        for message in said:
            await ws.send_json(message)
        assert await Socket(ws).end() == code


async def test_what_is_no_text_or_no_json_closes_the_connection(api: Api) -> None:
    for text in ("{", "[" * 100_000, "nonsense"):
        async with api.client.ws_connect("/graphql", protocols=[PROTOCOL]) as ws:
            await ws.send_str(text)
            assert await Socket(ws).end() == 4400
    async with api.client.ws_connect("/graphql", protocols=[PROTOCOL]) as ws:
        await ws.send_bytes(b"{}")
        assert await Socket(ws).end() == 4400
    async with api.client.ws_connect("/graphql", protocols=[PROTOCOL]) as ws:
        await ws.send_str(" " * 300_000)
        assert await Socket(ws).end() == 1009


async def test_a_ping_is_answered_and_an_unknown_name_completed_in_vain(api: Api) -> None:
    async with connected(api) as socket:
        await socket.say("complete", id="nobody")
        await socket.say("pong")
        await socket.say("ping")
        assert await socket.hear() == {"type": "pong"}


async def test_another_protocol_is_not_spoken(api: Api) -> None:
    for protocols in (["graphql-ws"], []):
        async with api.client.ws_connect("/graphql", protocols=protocols) as ws:
            assert await Socket(ws).end() == 4406


async def test_a_join_brings_a_channel_to_a_subscription(api: Api) -> None:
    channel = await api.channel()
    await api.send(channel, "history")
    async with connected(api, who="bob") as socket:
        await socket.subscribe()
        await socket.page()
        await api.ask(JOIN, {"c": channel}, who="bob")
        assert contents(await socket.page()) == {channel: ["history"]}
        await api.send(channel, "news")
        assert contents(await socket.page()) == {channel: ["news"]}
