"""A read that says nothing of what the answer depends on: the answer is right, and kept by nobody."""

from collections.abc import Awaitable, Callable

import pytest

from cache.dependencies import UNDECLARED
from models.read_watch import declared
from models.user import profiles
from resolvers import user as users
from resolvers.context import Context
from resolvers.user import UserView
from tests.asking import Api, token

READS: dict[str, Callable[[Context], Awaitable[object]]] = {
    "the store": lambda ctx: ctx.services.db.rows("SELECT 1"),
    "rows of the store": lambda ctx: profiles(ctx.services.db, [1]),
    "a shared read": lambda ctx: ctx.services.read_index.channels.get((1, 1)),
    "a head that the context does not know of": lambda ctx: ctx.services.read_index.inbox(ctx.viewer.user_id),
}


def _plant(monkeypatch: pytest.MonkeyPatch, read: Callable[[Context], Awaitable[object]]) -> None:
    real = users.viewer

    async def viewer(ctx: Context) -> UserView:
        await read(ctx)
        return await real(ctx)

    monkeypatch.setattr(users, "viewer", viewer)


async def _ways(api: Api) -> list[str]:
    ways = []
    for _ in range(5):
        headers = {"Authorization": f"Bearer {token('alice')}"}
        answer = await api.client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=headers)
        assert (await answer.json()) == {"data": {"viewer": {"name": "Alice"}}}
        ways.append(answer.headers["Cache-Status"].rpartition("=")[2])
    return ways


async def test_an_answer_whose_reads_are_declared_is_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""

    async def read(ctx: Context) -> None:
        with declared():
            await ctx.services.db.rows("SELECT 1")

    _plant(monkeypatch, read)
    assert (await _ways(api))[3:] == ["response", "response"]


@pytest.mark.parametrize("read", READS.values(), ids=READS)
async def test_an_answer_with_an_undeclared_read_is_not_kept_and_logged(
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    undeclared_reads: list[str],
    read: Callable[[Context], Awaitable[object]],
) -> None:
    _plant(monkeypatch, read)
    assert "response" not in await _ways(api)
    assert caplog.text.count(UNDECLARED) == len(undeclared_reads) == 5
    undeclared_reads.clear()  # they were planted


async def test_a_mutation_may_read_what_it_likes(api: Api) -> None:
    """What it returns is kept by nobody anyway."""
    channel = await api.channel("bob")
    await api.send(channel, "hi", mentionIds=[await api.user_id("bob")])
