"""The main job, as its users do it: two people talk through somebody else's GraphQL client, which only polls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from gql import Client, GraphQLRequest
from gql.transport.aiohttp import AIOHTTPTransport

from tests.asking import CREATE, JOIN, token
from tests.conftest import fresh_postgres_database
from tests.servers.pollux import Server
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

MESSAGES = 500
SEND = "mutation($i: SendMessageInput!) { sendMessage(input: $i) { message { cursor } userErrors { code } } }"
POLL = (
    "query($c: ID!, $a: String) { messages(channelId: $c, after: $a, first: 40)"
    " { nodes { content author { name } } pageInfo { endCursor hasNextPage } } }"
)
TEXTS = [
    "안녕하세요, 잘 지내세요?",
    "Fine, thanks. And you?",
    "مرحبا، كيف حالك اليوم؟",
    "👩🏽‍🚀🏴󠁧󠁢󠁥󠁮󠁧󠁿 👨‍👩‍👧‍👦 👍🏿",
    "def poll(after):\n\treturn [m for m in messages if m.seq > after]  # `code`",
    "가" * 4000,
    "😀" * 4000,
]


@asynccontextmanager
async def _person(server: Server, who: str) -> AsyncIterator[Any]:
    transport = AIOHTTPTransport(url=f"{server.url}/graphql", headers={"Authorization": f"Bearer {token(who)}"})
    async with Client(transport=transport, fetch_schema_from_transport=False) as session:
        yield session


async def _speak(session: Any, channel: str, who: str) -> None:
    for index in range(MESSAGES // 2):
        text = f"{who} {index}" if index % 5 else TEXTS[index // 5 % len(TEXTS)]
        message = {"channelId": channel, "content": text, "clientMessageId": f"{who}{index}"}
        sent = await session.execute(GraphQLRequest(SEND, variable_values={"i": message}))
        assert sent["sendMessage"]["userErrors"] == []


async def _listen(session: Any, channel: str) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    cursor = None
    while len(heard) < MESSAGES:
        page = (await session.execute(GraphQLRequest(POLL, variable_values={"c": channel, "a": cursor})))["messages"]
        heard += [(node["author"]["name"], node["content"]) for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            await asyncio.sleep(0.02)
    return heard


@pytest.mark.parametrize("store", ["embedded", "postgres and valkey"])
async def test_two_people_hear_each_others_five_hundred_messages_once_and_in_order(
    store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    environment = {"DATABASE_URL": f"sqlite://{tmp_path / 'pollux.db'}"}
    if store != "embedded":
        postgres: Postgres = request.getfixturevalue("postgres")
        valkey: Valkey = request.getfixturevalue("valkey")
        environment = {"DATABASE_URL": (await fresh_postgres_database(postgres)).text, "REDIS_URL": valkey.url}
    with Server(**environment) as server:
        channel = server.ask(CREATE, {"i": {"name": "talk"}})["channel"]["id"]
        server.ask(JOIN, {"c": channel}, who="bob")
        async with _person(server, "alice") as alice, _person(server, "bob") as bob, asyncio.timeout(100):
            _, _, by_alice, by_bob = await asyncio.gather(
                _speak(alice, channel, "alice"), _speak(bob, channel, "bob"), _listen(alice, channel), _listen(bob, channel)
            )
    assert by_alice == by_bob
    assert len(by_alice) == MESSAGES
    for who, name in (("alice", "Alice"), ("bob", "Bob")):
        said = [f"{who} {i}" if i % 5 else TEXTS[i // 5 % len(TEXTS)] for i in range(MESSAGES // 2)]
        assert [text for author, text in by_alice if author == name] == said
