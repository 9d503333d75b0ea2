"""A restored older dump and a promoted replica that lagged: clients start again, and no ghost is served."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.asking import CREATE
from tests.conftest import fresh_postgres_database
from tests.servers.pollux import Server, run_server
from tests.servers.postgres import Postgres
from tests.servers.valkey import Valkey

SEND = (
    "mutation($c: ID!, $t: String!) { sendMessage(input: {channelId: $c, content: $t}) { message { cursor } userErrors { code } } }"
)
POLL = "query($c: ID!, $a: String) { messages(channelId: $c, after: $a, last: 200) { nodes { content } pageInfo { endCursor } } }"
RESET = {"code": "INVALID_CURSOR", "reset": True}


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A cluster without what other tests leave, because a standby copies all of it."""
    server = Postgres().start()
    yield server
    server.remove()


@pytest.fixture
def second() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.remove()


def _send(server: Server, channel: str, text: str) -> str:
    sent = server.ask(SEND, {"c": channel, "t": text})
    assert sent["userErrors"] == []
    return str(sent["message"]["cursor"])


def _contents(server: Server, channel: str) -> list[str]:
    page: dict[str, Any] = server.ask(POLL, {"c": channel})
    return [node["content"] for node in page["nodes"]]


def _room(server: Server, messages: int) -> str:
    channel: str = server.ask(CREATE, {"i": {"name": "room"}})["channel"]["id"]
    for index in range(messages):
        _send(server, channel, f"kept {index}")
    return channel


def _extensions(server: Server, channel: str, cursor: str) -> dict[str, Any]:
    answer: dict[str, Any] = server.answer(POLL, {"c": channel, "a": cursor})
    extensions: dict[str, Any] = answer["errors"][0]["extensions"]
    return extensions


async def test_a_dump_restored_into_another_cluster_begins_a_new_epoch(
    postgres: Postgres, second: Postgres, valkey: Valkey, tmp_path: Path
) -> None:
    url = (await fresh_postgres_database(postgres)).text
    with Server(DATABASE_URL=url, REDIS_URL=valkey.url) as server:
        channel = _room(server, 5)
        dump = tmp_path / "dump"
        postgres.run_tool("pg_dump", "--format=custom", f"--file={dump}", f"--dbname={url}")
        lost = [_send(server, channel, f"lost {index}") for index in range(5)]
        assert len(_contents(server, channel)) == 10
    second.start()
    second.run_tool("createdb", "-h", "127.0.0.1", "-p", str(second.port), "-U", "postgres", "restored")
    second.run_tool("pg_restore", f"--dbname={second.url('restored')}", str(dump))
    # The same Redis, full of copies of messages that are not there any more.
    with Server(DATABASE_URL=second.url("restored"), REDIS_URL=valkey.url) as server:
        assert _extensions(server, channel, lost[0]) == RESET
        for index in range(7):
            _send(server, channel, f"new {index}")
        expected = [*(f"kept {i}" for i in range(5)), *(f"new {i}" for i in range(7))]
        assert _contents(server, channel) == expected
        assert _extensions(server, channel, lost[4]) == RESET


async def test_a_promoted_replica_that_lagged_begins_a_new_epoch(postgres: Postgres, second: Postgres, valkey: Valkey) -> None:
    url = (await fresh_postgres_database(postgres)).text
    name = url.rsplit("/", 1)[1]
    with Server(DATABASE_URL=url, REDIS_URL=valkey.url) as server:
        channel = _room(server, 5)
        second.follow(postgres)
        # Cut off here: what comes now is acknowledged by a primary that is then lost.
        second.start_cut_off()
        lost = [_send(server, channel, f"lost {index}") for index in range(5)]
    second.promote()
    with Server(DATABASE_URL=second.url(name), REDIS_URL=valkey.url) as server:
        assert _extensions(server, channel, lost[0]) == RESET
        for index in range(7):
            _send(server, channel, f"new {index}")
        assert _contents(server, channel) == [*(f"kept {i}" for i in range(5)), *(f"new {i}" for i in range(7))]


async def test_a_standby_is_refused_as_a_store(postgres: Postgres, second: Postgres) -> None:
    url = (await fresh_postgres_database(postgres)).text
    second.follow(postgres)
    second.start_cut_off()
    done = run_server(DATABASE_URL=second.url(url.rsplit("/", 1)[1]), REDIS_URL="none", PORT="0")
    assert done.returncode == 1
    assert "does not answer" in done.stderr.splitlines()[-1]


def test_bump_epoch_is_one_command(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite://{tmp_path / 'pollux.db'}"}
    with Server(**settings) as server:
        channel = _room(server, 2)
        cursor = server.ask(POLL, {"c": channel})["pageInfo"]["endCursor"]
        assert "begins" in run_server("bump-epoch", **settings).stdout
        assert _extensions(server, channel, cursor) == RESET
        assert len(_contents(server, channel)) == 2
